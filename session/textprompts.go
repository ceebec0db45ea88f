package session

// What a conversation reads where a call would hear a prompt, in Chinese, then
// in English.
const (
	writtenClosed = "您好，现在是非工作时间，请在工作时间内联系我们。\n" +
		"We are closed now. Please contact us during working hours."
	writtenElsewhere = "您好，您联系的专席现在是非工作时间，正在为您转接市民热线，请稍候。\n" +
		"The desk you asked for is closed now. You are being connected to the citizens' line; please wait."
)

// Prompts that have a text of their own; the names are media/prompt's.
const (
	promptClosed    = "closed"
	promptElsewhere = "closed-elsewhere"
)

// written is the text of a prompt; otherwise that of one which is not known.
func written(prompt, otherwise string) string {
	switch prompt {
	case "":
		return ""
	case promptClosed:
		return writtenClosed
	case promptElsewhere:
		return writtenElsewhere
	default:
		return otherwise
	}
}
