package routing

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"hotline/contact"
)

// Config is the service lines, and the policy by which they are served.
type Config struct {
	Lines  []Line `yaml:"lines" doc:"The service lines; each answers its own numbers and accounts."`
	Policy Policy `yaml:"routing" doc:"Who serves what, and when."`
}

// Line is one service line: the numbers and accounts it answers, and who serves it.
type Line struct {
	Name    string   `yaml:"name" doc:"Short name, such as citizen; it goes into records and metrics."`
	Title   Title    `yaml:"title" doc:"The name people read."`
	Numbers []Number `yaml:"numbers" doc:"The numbers that reach the line, without area code: 12315, or 63371234=12315 where the number dialled stands for another hotline."`
	// Accounts are looked at in order: the first that matches says the queue.
	Accounts []Account `yaml:"accounts" doc:"The text accounts that reach the line; the first that matches counts, over all lines."`
	Queue    string    `yaml:"queue" doc:"The queue of the line; see routing.queues."`
	Skill    Bucket    `yaml:"skill" doc:"Short for a queue of the line's own that everybody with the skill serves, at all hours."`
	Priority string    `yaml:"priority" doc:"Rank of its contacts, of routing.priorities; normal when empty."`
	// Ring is how long one agent's desk rings.
	Ring     time.Duration `yaml:"ring" default:"15s" doc:"How long one agent's desk rings."`
	Greeting string        `yaml:"greeting" doc:"Prompt played after the answer; empty for none."`
	// WrapUp is how long an agent may write after the talk, without asking.
	WrapUp         time.Duration `yaml:"wrap_up" default:"60s" doc:"Time to write after the talk."`
	WrapExtend     time.Duration `yaml:"wrap_extend" default:"60s" doc:"What one extension of wrap-up adds."`
	WrapExtensions int           `yaml:"wrap_extensions" default:"2" doc:"How often wrap-up may be extended."`
	Message        Manners       `yaml:"message" doc:"What differs for messages."`
}

// Manners is how long a desk rings and writes for a message; what is 0 is as for calls.
type Manners struct {
	Ring   time.Duration `yaml:"ring" doc:"How long one agent's desk rings; as for calls when 0s."`
	WrapUp time.Duration `yaml:"wrap_up" doc:"Time to write after the talk; as for calls when 0s."`
}

// Account is a text account, or a part of what comes in by it.
type Account struct {
	Channel contact.Channel `yaml:"channel" required:"true" doc:"web, app, wechat or weibo."`
	Account string          `yaml:"account" doc:"The account, as its channel names it; empty for all."`
	Topic   string          `yaml:"topic" doc:"The topic that the citizen chose; empty for all."`
	Queue   string          `yaml:"queue" doc:"The queue, when it is not the line's."`
}

// Title is a name in the languages of the interface.
type Title struct {
	ZH string `yaml:"zh" doc:"Chinese."`
	EN string `yaml:"en" doc:"English."`
}

// Number is one number that citizens dial. In YAML it is the plain number, which
// is then its own source, or number=hotline.
type Number struct {
	Dial   string // digits as the gateway hands them up, without area code
	Source string // the merged hotline it stands for; empty means the number itself
}

// RingOf is how long one desk rings for a contact of the class.
func (l Line) RingOf(c contact.Class) time.Duration {
	if c == contact.Text {
		return cmp.Or(l.Message.Ring, l.Ring)
	}
	return l.Ring
}

// WrapUpOf is how long an agent may write after a contact of the class.
func (l Line) WrapUpOf(c contact.Class) time.Duration {
	if c == contact.Text {
		return cmp.Or(l.Message.WrapUp, l.WrapUp)
	}
	return l.WrapUp
}

// DefaultLine is what a line has that names nothing.
func DefaultLine() Line {
	return Line{Ring: 15 * time.Second, WrapUp: time.Minute, WrapExtend: time.Minute, WrapExtensions: 2}
}

// UnmarshalText reads "12315", or "63371234=12315" where the number dialled
// stands for another hotline.
func (n *Number) UnmarshalText(text []byte) error {
	dial, source, named := strings.Cut(string(text), "=")
	if !named {
		source = dial
	}
	if dial == "" || source == "" {
		return fmt.Errorf("want a number, or number=hotline")
	}
	*n = Number{Dial: dial, Source: source}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (n Number) MarshalText() ([]byte, error) {
	if n.Source == "" || n.Source == n.Dial {
		return []byte(n.Dial), nil
	}
	return []byte(n.Dial + "=" + n.Source), nil
}

func (l Line) check(path string) error {
	switch {
	case !isName(l.Name):
		return fmt.Errorf("%s.name: %q is no name: 1 to 32 of a-z 0-9 _ -", path, l.Name)
	case l.Title.ZH == "" || l.Title.EN == "":
		return fmt.Errorf("%s.title: needs zh and en", path)
	case l.Greeting != "" && !isName(l.Greeting):
		return fmt.Errorf("%s.greeting: %q is no name of a prompt", path, l.Greeting)
	}
	return l.checkTimes(path)
}

func (l Line) checkTimes(path string) error {
	switch {
	case l.Ring < time.Second || l.Ring > longestRing:
		return fmt.Errorf("%s.ring: %s is not between 1s and %s", path, l.Ring, longestRing)
	case l.WrapUp < 0 || l.WrapUp > time.Hour:
		return fmt.Errorf("%s.wrap_up: %s is not between 0s and 1h", path, l.WrapUp)
	case l.WrapExtend < 0 || l.WrapExtend > time.Hour:
		return fmt.Errorf("%s.wrap_extend: %s is not between 0s and 1h", path, l.WrapExtend)
	case l.Message.Ring != 0 && (l.Message.Ring < time.Second || l.Message.Ring > longestRing):
		return fmt.Errorf("%s.message.ring: %s is not between 1s and %s", path, l.Message.Ring, longestRing)
	case l.Message.WrapUp < 0 || l.Message.WrapUp > time.Hour:
		return fmt.Errorf("%s.message.wrap_up: %s is not between 0s and 1h", path, l.Message.WrapUp)
	case l.WrapExtensions < 0 || l.WrapExtensions > 100:
		return fmt.Errorf("%s.wrap_extensions: %d is not between 0 and 100", path, l.WrapExtensions)
	}
	return nil
}

func (l Line) checkNumbers(path string, taken map[string]string) error {
	if len(l.Numbers) == 0 && len(l.Accounts) == 0 {
		return fmt.Errorf("%s.numbers: must hold at least one number, or accounts one account", path)
	}
	for i, n := range l.Numbers {
		at := fmt.Sprintf("%s.numbers[%d]", path, i)
		if !isNumber(n.Dial) {
			return fmt.Errorf("%s: %q is no number: 3 to 20 digits", at, n.Dial)
		}
		if n.Source != "" && !isNumber(n.Source) {
			return fmt.Errorf("%s: %q is no number: 3 to 20 digits", at, n.Source)
		}
		if other, ok := taken[n.Dial]; ok {
			return fmt.Errorf("%s: %s is taken by %s", at, n.Dial, other)
		}
		taken[n.Dial] = at
	}
	return nil
}
