package routing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Config names the service lines.
type Config struct {
	Lines []Line `yaml:"lines" doc:"The service lines; each answers its own numbers."`
}

// Line is one service line: the numbers it answers, and who serves it.
type Line struct {
	Name    string   `yaml:"name" doc:"Short name, such as citizen; it goes into records and metrics."`
	Title   Title    `yaml:"title" doc:"The name people read."`
	Numbers []Number `yaml:"numbers" doc:"The numbers that reach the line, without area code: 12315, or 63371234=12315 where the number dialled stands for another hotline."`
	Skill   Bucket   `yaml:"skill" doc:"The group of agents that serves the line."`
	// Ring is how long one agent's desk rings.
	Ring     time.Duration `yaml:"ring" default:"15s" doc:"How long one agent's desk rings."`
	Greeting string        `yaml:"greeting" doc:"Prompt played after the answer; empty for none."`
	// WrapUp is how long an agent may write after the talk, without asking.
	WrapUp         time.Duration `yaml:"wrap_up" default:"60s" doc:"Time to write after the talk."`
	WrapExtend     time.Duration `yaml:"wrap_extend" default:"60s" doc:"What one extension of wrap-up adds."`
	WrapExtensions int           `yaml:"wrap_extensions" default:"2" doc:"How often wrap-up may be extended."`
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

// Validate names the field that is wrong, such as lines[2].numbers[0].dial.
func (c Config) Validate() error {
	if len(c.Lines) == 0 {
		return fmt.Errorf("lines: must hold at least one line")
	}
	names, numbers := map[string]bool{}, map[string]string{}
	for i, l := range c.Lines {
		path := fmt.Sprintf("lines[%d]", i)
		if names[l.Name] {
			return fmt.Errorf("%s.name: %q is taken by another line", path, l.Name)
		}
		names[l.Name] = true
		if err := l.check(path); err != nil {
			return err
		}
		if err := l.checkNumbers(path, numbers); err != nil {
			return err
		}
	}
	return nil
}

func (l Line) check(path string) error {
	switch {
	case !isName(l.Name):
		return fmt.Errorf("%s.name: %q is no name: 1 to 32 of a-z 0-9 _ -", path, l.Name)
	case l.Title.ZH == "" || l.Title.EN == "":
		return fmt.Errorf("%s.title: needs zh and en", path)
	case !isName(string(l.Skill)):
		return fmt.Errorf("%s.skill: %q is no name: 1 to 32 of a-z 0-9 _ -", path, l.Skill)
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
	case l.WrapExtensions < 0 || l.WrapExtensions > 100:
		return fmt.Errorf("%s.wrap_extensions: %d is not between 0 and 100", path, l.WrapExtensions)
	}
	return nil
}

func (l Line) checkNumbers(path string, taken map[string]string) error {
	if len(l.Numbers) == 0 {
		return fmt.Errorf("%s.numbers: must hold at least one number", path)
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

// Lines finds the line of a number. It does not change: safe for all.
type Lines struct {
	lines  []Line
	number map[string]found
}

type found struct {
	line   int
	source string
}

// NewLines checks the configuration and indexes it.
func NewLines(c Config) (*Lines, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("routing: %w", err)
	}
	ls := &Lines{lines: slices.Clone(c.Lines), number: map[string]found{}}
	for i, l := range c.Lines {
		for _, n := range l.Numbers {
			ls.number[n.Dial] = found{i, cmp.Or(n.Source, n.Dial)}
		}
	}
	return ls, nil
}

// ByNumber returns the line that answers the number dialled, and the merged
// hotline the number stands for.
func (ls *Lines) ByNumber(called string) (line Line, source string, ok bool) {
	f, ok := ls.number[called]
	if !ok {
		return Line{}, "", false
	}
	return ls.lines[f.line], f.source, true
}

// All returns the lines in the order of the configuration.
func (ls *Lines) All() []Line { return slices.Clone(ls.lines) }

// Skills returns the buckets that the lines wait in, sorted.
func (ls *Lines) Skills() []Bucket {
	set := map[Bucket]bool{}
	for _, l := range ls.lines {
		set[l.Skill] = true
	}
	return slices.Sorted(maps.Keys(set))
}
