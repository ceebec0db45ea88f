package sip

import (
	"log/slog"
	"strconv"
	"strings"
)

// released is the Q.850 cause in a message's Reason (RFC 3326); 0: none. It
// goes into the log and nowhere else.
func released(m message) int {
	for _, h := range m.GetHeaders("reason") {
		for value := range strings.SplitSeq(h.Value(), ",") {
			if cause := q850Value(value); cause != 0 {
				return cause
			}
		}
	}
	return 0
}

// q850Value reads one value, such as `Q.850;cause=16;text="…"`. A comma within
// a quoted text only cuts the text.
func q850Value(value string) int {
	parts := strings.Split(value, ";")
	if !strings.EqualFold(strings.TrimSpace(parts[0]), "Q.850") {
		return 0
	}
	for _, p := range parts[1:] {
		name, number, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "cause") {
			continue
		}
		if n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 7); err == nil {
			return int(n)
		}
	}
	return 0
}

// ending is what the log's last line of a call says.
func (c *call) ending() []any {
	attrs := []any{slog.String("cause", c.cause.String())}
	if c.released != 0 {
		attrs = append(attrs, slog.Int("q850", c.released))
	}
	return attrs
}
