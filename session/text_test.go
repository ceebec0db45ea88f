package session

import (
	"strings"
	"testing"
	"time"
)

func TestTextNamesTheFieldThatIsWrong(t *testing.T) {
	t.Parallel()
	if err := DefaultText().Validate(); err != nil {
		t.Errorf("the defaults are wrong: %v", err)
	}
	for _, c := range []struct {
		field string
		spoil func(*Text)
	}{
		{"first_reply", func(x *Text) { x.FirstReply = 0 }},
		{"close", func(x *Text) { x.Close = x.Nudge }},
		{"seek", func(x *Text) { x.Seek = 25 * time.Hour }},
		{"nudging", func(x *Text) { x.Nudging = strings.Repeat("呢", 4001) }},
		{"silent", func(x *Text) { x.Silent = "\xff" }},
	} {
		t.Run(c.field, func(t *testing.T) {
			t.Parallel()
			text := DefaultText()
			c.spoil(&text)
			if err := text.Validate(); err == nil || !strings.HasPrefix(err.Error(), c.field+":") {
				t.Errorf("got %v", err)
			}
		})
	}
}
