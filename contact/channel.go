package contact

// Channel is the way a contact came in. The values are those of the ticket
// schema (field channel, 诉求渠道).
type Channel string

// The channels.
const (
	Phone  Channel = "phone"
	Web    Channel = "web"
	App    Channel = "app"
	WeChat Channel = "wechat"
	Weibo  Channel = "weibo"
)

// Channels lists all channels.
func Channels() []Channel { return []Channel{Phone, Web, App, WeChat, Weibo} }

// Class says which capacity of a seat a contact takes.
type Class string

// The classes of capacity.
const (
	Voice Class = "voice"
	Text  Class = "message"
)

// Class of the channel: a phone call is voice, all else is message.
func (c Channel) Class() Class {
	if c == Phone {
		return Voice
	}
	return Text
}
