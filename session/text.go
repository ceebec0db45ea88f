package session

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"hotline/contact"
)

// Text is how conversations are kept: the clocks, and what the house says.
type Text struct {
	FirstReply time.Duration `yaml:"first_reply" default:"3m" doc:"An agent's first message is due so long after the citizen's; later it is an alarm."`
	Nudge      time.Duration `yaml:"nudge" default:"5m" doc:"A citizen who has not answered for so long is asked whether they are still there."`
	Close      time.Duration `yaml:"close" default:"10m" doc:"A citizen who has not answered for so long has ended the conversation."`
	Show       time.Duration `yaml:"show" default:"10s" doc:"How often a waiting citizen is shown the place in the queue."`
	Seek       time.Duration `yaml:"seek" default:"3m" doc:"How long a conversation whose node has died waits for its agent's desk, before another agent gets it."`

	Nudging  string `yaml:"nudging" default:"请问您还在吗？如暂无其他问题，稍后会话将自动结束。" doc:"Said to a citizen who does not answer; empty for nothing."`
	Silent   string `yaml:"silent" default:"长时间没有收到您的回复，本次会话已结束。如有需要，欢迎随时再来。" doc:"Said when silence ends the conversation; empty for nothing."`
	Requeued string `yaml:"requeued" default:"正在为您转接其他坐席，请稍候。" doc:"Said when another agent is to follow; empty for nothing."`
}

// DefaultText is what a configuration has that says nothing.
func DefaultText() Text {
	return Text{
		FirstReply: 3 * time.Minute, Nudge: 5 * time.Minute, Close: 10 * time.Minute,
		Show: 10 * time.Second, Seek: 3 * time.Minute,
		Nudging:  "请问您还在吗？如暂无其他问题，稍后会话将自动结束。",
		Silent:   "长时间没有收到您的回复，本次会话已结束。如有需要，欢迎随时再来。",
		Requeued: "正在为您转接其他坐席，请稍候。",
	}
}

// Validate names the fields that are wrong.
func (t Text) Validate() error {
	var errs []error
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"first_reply", t.FirstReply}, {"nudge", t.Nudge}, {"close", t.Close}, {"show", t.Show}, {"seek", t.Seek}} {
		if d.value < time.Second || d.value > 24*time.Hour {
			errs = append(errs, fmt.Errorf("%s: want 1s to 24h, got %s", d.name, d.value))
		}
	}
	if t.Close <= t.Nudge {
		errs = append(errs, errors.New("close: want more than nudge"))
	}
	for name, text := range map[string]string{"nudging": t.Nudging, "silent": t.Silent, "requeued": t.Requeued} {
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > contact.LongestText {
			errs = append(errs, fmt.Errorf("%s: want at most %d characters", name, contact.LongestText))
		}
	}
	return errors.Join(errs...)
}
