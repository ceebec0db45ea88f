package calendar

import (
	"errors"
	"fmt"
	"strings"
)

// dayMinutes is the length of a plain day.
const dayMinutes = 24 * 60

// span is from one minute of the day up to, without, another; to is beyond the
// day when the span goes over midnight.
type span struct{ from, to int }

// week is the spans of each day; 0 is Sunday.
type week [7][]span

// parseWeek reads "Mon-Fri 08:30-12:00,13:30-18:00", one a text; what several
// say of a day adds up.
func parseWeek(texts []string) (w week, index int, err error) {
	for i, text := range texts {
		days, hours, ok := strings.Cut(strings.TrimSpace(text), " ")
		if !ok {
			return week{}, i, errors.New("want days and hours, such as Mon-Fri 08:30-12:00,13:30-18:00")
		}
		on, err := parseDays(days)
		if err != nil {
			return week{}, i, err
		}
		spans, err := parseHours(hours)
		if err != nil {
			return week{}, i, err
		}
		for _, day := range on {
			if w[day], err = merge(w[day], spans); err != nil {
				return week{}, i, err
			}
		}
	}
	return w, 0, nil
}

// parseDays reads "Mon-Fri", "Sat,Sun" or "Fri-Mon", which goes over the week's end.
func parseDays(text string) ([]int, error) {
	var days []int
	for part := range strings.SplitSeq(text, ",") {
		first, last, ranged := strings.Cut(part, "-")
		from, err := parseDay(first)
		if err != nil {
			return nil, err
		}
		to := from
		if ranged {
			if to, err = parseDay(last); err != nil {
				return nil, err
			}
		}
		for day := from; ; day = (day + 1) % 7 {
			days = append(days, day)
			if day == to {
				break
			}
		}
	}
	return days, nil
}

func parseDay(text string) (int, error) {
	for day, name := range [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"} {
		if text == name {
			return day, nil
		}
	}
	return 0, fmt.Errorf("%q is no day: Mon, Tue, Wed, Thu, Fri, Sat or Sun", text)
}

// parseHours reads "08:30-12:00,13:30-18:00"; what ends before it begins ends on
// the next day. The spans are in order and do not overlap.
func parseHours(text string) ([]span, error) {
	var spans []span
	for part := range strings.SplitSeq(text, ",") {
		s, err := parseSpan(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		if spans, err = merge(spans, []span{s}); err != nil {
			return nil, err
		}
	}
	return spans, nil
}

func parseSpan(text string) (s span, err error) {
	first, last, ok := strings.Cut(text, "-")
	if !ok {
		return span{}, fmt.Errorf("%q is no span: want 08:30-12:00", text)
	}
	if s.from, err = parseClock(first); err != nil {
		return span{}, err
	}
	if s.to, err = parseClock(last); err != nil {
		return span{}, err
	}
	if s.from == dayMinutes || s.from == s.to {
		return span{}, fmt.Errorf("%q is empty", text)
	}
	if s.to < s.from {
		s.to += dayMinutes
	}
	return s, nil
}

// parseClock reads 00:00 to 24:00 as minutes.
func parseClock(text string) (int, error) {
	bad := fmt.Errorf("%q is no time of day: 00:00 to 24:00", text)
	if len(text) != 5 || text[2] != ':' {
		return 0, bad
	}
	for _, at := range []int{0, 1, 3, 4} {
		if text[at] < '0' || text[at] > '9' {
			return 0, bad
		}
	}
	hour, minute := int(text[0]-'0')*10+int(text[1]-'0'), int(text[3]-'0')*10+int(text[4]-'0')
	if minute > 59 || hour*60+minute > dayMinutes {
		return 0, bad
	}
	return hour*60 + minute, nil
}

// merge adds spans to those of a day, in order.
func merge(spans, more []span) ([]span, error) {
	for _, m := range more {
		at := 0
		for at < len(spans) && spans[at].from < m.from {
			at++
		}
		if at > 0 && spans[at-1].to > m.from || at < len(spans) && m.to > spans[at].from {
			return nil, fmt.Errorf("%s overlaps other hours of the day", m)
		}
		spans = append(spans[:at:at], append([]span{m}, spans[at:]...)...)
	}
	return spans, nil
}

// String writes what parseSpan reads.
func (s span) String() string {
	to := s.to
	if to > dayMinutes {
		to -= dayMinutes
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.from/60, s.from%60, to/60, to%60)
}
