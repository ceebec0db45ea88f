package calendar_test

import (
	"strings"
	"testing"
	"time"

	"hotline/calendar"
)

func office(change ...func(*calendar.Config)) calendar.Config {
	c := calendar.Config{Zone: "Asia/Shanghai", Open: []string{"Mon-Fri 08:30-12:00,13:30-18:00"}, Holidays: "cn"}
	for _, f := range change {
		f(&c)
	}
	return c
}

func build(t *testing.T, c calendar.Config) *calendar.Calendar {
	t.Helper()
	made, err := calendar.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// at reads a time of Shanghai.
func at(t *testing.T, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	when, err := time.ParseInLocation("2006-01-02 15:04:05", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestOpen(t *testing.T) {
	t.Parallel()
	night := func(c *calendar.Config) { c.Open, c.Holidays = []string{"Mon-Sun 20:00-08:00"}, "" }
	tests := map[string]struct {
		change func(*calendar.Config)
		when   string
		open   bool
	}{
		"a Tuesday":                       {nil, "2026-03-10 10:00:00", true},
		"at the minute it opens":          {nil, "2026-03-10 08:30:00", true},
		"a second before":                 {nil, "2026-03-10 08:29:59", false},
		"the last second before noon":     {nil, "2026-03-10 11:59:59", true},
		"at noon":                         {nil, "2026-03-10 12:00:00", false},
		"after the break":                 {nil, "2026-03-10 13:30:00", true},
		"at the end":                      {nil, "2026-03-10 18:00:00", false},
		"midnight":                        {nil, "2026-03-10 00:00:00", false},
		"a plain Saturday":                {nil, "2026-03-14 10:00:00", false},
		"National Day 2025, a Wednesday":  {nil, "2025-10-01 10:00:00", false},
		"its last day off":                {nil, "2025-10-08 10:00:00", false},
		"the day after":                   {nil, "2025-10-09 10:00:00", true},
		"a make-up Sunday before it":      {nil, "2025-09-28 10:00:00", true},
		"that Sunday's break":             {nil, "2025-09-28 12:30:00", false},
		"a make-up Saturday after it":     {nil, "2025-10-11 17:59:00", true},
		"a plain Sunday after it":         {nil, "2025-10-12 10:00:00", false},
		"Spring Festival 2025":            {nil, "2025-01-29 10:00:00", false},
		"its make-up Sunday":              {nil, "2025-01-26 10:00:00", true},
		"its make-up Saturday":            {nil, "2025-02-08 10:00:00", true},
		"Spring Festival 2026":            {nil, "2026-02-17 10:00:00", false},
		"its make-up Saturday 2026":       {nil, "2026-02-14 10:00:00", true},
		"its second make-up, 2026":        {nil, "2026-02-28 10:00:00", true},
		"the make-up Sunday of New Year":  {nil, "2026-01-04 10:00:00", true},
		"National Day 2026":               {nil, "2026-10-07 10:00:00", false},
		"its make-up Sunday 2026":         {nil, "2026-09-20 10:00:00", true},
		"its make-up Saturday after":      {nil, "2026-10-10 10:00:00", true},
		"no holidays: National Day":       {func(c *calendar.Config) { c.Holidays = "" }, "2025-10-01 10:00:00", true},
		"no holidays: the make-up Sunday": {func(c *calendar.Config) { c.Holidays = "" }, "2025-09-28 10:00:00", false},
		"night shift, evening":            {night, "2026-03-10 23:59:59", true},
		"night shift, midnight":           {night, "2026-03-11 00:00:00", true},
		"night shift, its last second":    {night, "2026-03-11 07:59:59", true},
		"night shift, by day":             {night, "2026-03-11 08:00:00", false},
		"the whole day, its last second":  {func(c *calendar.Config) { c.Open, c.Holidays = []string{"Tue 00:00-24:00"}, "" }, "2026-03-10 23:59:59", true},
		"the whole day, the next":         {func(c *calendar.Config) { c.Open, c.Holidays = []string{"Tue 00:00-24:00"}, "" }, "2026-03-11 00:00:00", false},
		"over the week's end":             {func(c *calendar.Config) { c.Open = []string{"Sat-Mon 10:00-11:00"} }, "2026-03-15 10:30:00", true},
		"an exception closes":             {func(c *calendar.Config) { c.Except = map[string]string{"2026-03-10": "closed"} }, "2026-03-10 10:00:00", false},
		"an exception opens":              {func(c *calendar.Config) { c.Except = map[string]string{"2025-10-01": "09:00-10:00"} }, "2025-10-01 09:59:00", true},
		"an exception's own hours":        {func(c *calendar.Config) { c.Except = map[string]string{"2025-10-01": "09:00-10:00"} }, "2025-10-01 10:00:00", false},
		"an exception works":              {func(c *calendar.Config) { c.Except = map[string]string{"2027-02-06": "work"} }, "2027-02-06 17:00:00", true},
		"an exception ends a night":       {func(c *calendar.Config) { night(c); c.Except = map[string]string{"2026-03-10": "closed"} }, "2026-03-11 01:00:00", false},
		"the night before it goes on":     {func(c *calendar.Config) { night(c); c.Except = map[string]string{"2026-03-10": "closed"} }, "2026-03-10 01:00:00", true},
		"a zone behind: Sunday there":     {func(c *calendar.Config) { c.Zone = "America/New_York" }, "2026-03-09 10:00:00", false},
		"a year without data is plain":    {nil, "2040-10-01 10:00:00", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := office()
			if tt.change != nil {
				tt.change(&c)
			}
			if got := build(t, c).Open(at(t, tt.when)); got != tt.open {
				t.Errorf("open at %s: %v, want %v", tt.when, got, tt.open)
			}
		})
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ when, want string }{
		"open already":           {"2026-03-10 10:00:01", "2026-03-10 10:00:01"},
		"in the break":           {"2026-03-10 12:00:00", "2026-03-10 13:30:00"},
		"before it opens":        {"2026-03-10 00:00:00", "2026-03-10 08:30:00"},
		"Friday evening":         {"2026-03-13 18:00:00", "2026-03-16 08:30:00"},
		"the eve of the holiday": {"2025-09-30 18:00:00", "2025-10-09 08:30:00"},
		"before a make-up day":   {"2025-09-26 19:00:00", "2025-09-28 08:30:00"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := build(t, office()).Next(at(t, tt.when)); !got.Equal(at(t, tt.want)) {
				t.Errorf("next after %s: %s, want %s", tt.when, got, tt.want)
			}
		})
	}
	never := build(t, office(func(c *calendar.Config) { c.Open = nil }))
	if got := never.Next(at(t, "2026-03-10 10:00:00")); !got.IsZero() {
		t.Errorf("what never opens opens at %s", got)
	}
}

func TestAYearWithoutDataIsTold(t *testing.T) {
	t.Parallel()
	until := func(day string) func(*calendar.Config) { return func(c *calendar.Config) { c.Complete = day } }
	tests := map[string]struct {
		change func(*calendar.Config)
		when   string
		years  []string
	}{
		"both years are known":            {nil, "2025-12-01 00:00:00", nil},
		"the last known year, in October": {nil, "2026-10-31 23:59:59", nil},
		"unknown, in May":                 {nil, "2040-05-01 00:00:00", []string{"2040"}},
		"unknown, in October":             {nil, "2040-10-31 23:59:59", []string{"2040"}},
		"unknown, in November":            {nil, "2040-11-01 00:00:00", []string{"2040", "2041"}},
		"entered by hand, far enough":     {until("2041-01-31"), "2040-11-15 00:00:00", nil},
		"entered by hand, not enough":     {until("2041-01-31"), "2040-12-15 00:00:00", []string{"2041"}},
		"entered by hand, this year":      {until("2040-12-31"), "2040-10-31 00:00:00", nil},
		"no holidays":                     {func(c *calendar.Config) { c.Holidays = "" }, "2040-11-01 00:00:00", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := office()
			if tt.change != nil {
				tt.change(&c)
			}
			got := build(t, c).Warnings(at(t, tt.when))
			for i, year := range tt.years {
				if len(got) != len(tt.years) || !strings.Contains(got[i], year) {
					t.Fatalf("warnings %q, want of %q", got, tt.years)
				}
			}
			if len(got) != len(tt.years) {
				t.Errorf("warnings %q, want of %q", got, tt.years)
			}
		})
	}
}

func TestAlways(t *testing.T) {
	t.Parallel()
	whole := calendar.Config{Zone: "Asia/Shanghai", Open: []string{"Mon-Sun 00:00-12:00,12:00-24:00"}}
	if !build(t, whole).Always() {
		t.Error("a calendar without a gap closes")
	}
	for name, change := range map[string]func(*calendar.Config){
		"a gap":       func(c *calendar.Config) { c.Open = []string{"Mon-Sun 00:00-12:00,12:01-24:00"} },
		"no Sunday":   func(c *calendar.Config) { c.Open = []string{"Mon-Sat 00:00-24:00"} },
		"holidays":    func(c *calendar.Config) { c.Holidays = "cn" },
		"an off date": func(c *calendar.Config) { c.Except = map[string]string{"2026-03-10": "closed"} },
	} {
		c := whole
		change(&c)
		if build(t, c).Always() {
			t.Errorf("%s: never closes", name)
		}
	}
}

func TestValidateNamesTheField(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*calendar.Config)
		want   string
	}{
		"no zone":             {func(c *calendar.Config) { c.Zone = "" }, "tz: "},
		"unknown zone":        {func(c *calendar.Config) { c.Zone = "Asia/Peking" }, "tz: "},
		"the machine's zone":  {func(c *calendar.Config) { c.Zone = "Local" }, "tz: "},
		"hours only":          {func(c *calendar.Config) { c.Open = append(c.Open, "08:00-09:00") }, "open[1]: "},
		"unknown day":         {func(c *calendar.Config) { c.Open[0] = "Mo 08:00-09:00" }, "open[0]: "},
		"half a range":        {func(c *calendar.Config) { c.Open[0] = "Mon- 08:00-09:00" }, "open[0]: "},
		"25 o'clock":          {func(c *calendar.Config) { c.Open[0] = "Mon 08:00-25:00" }, "open[0]: "},
		"minute 60":           {func(c *calendar.Config) { c.Open[0] = "Mon 08:00-09:60" }, "open[0]: "},
		"short hour":          {func(c *calendar.Config) { c.Open[0] = "Mon 8:00-09:00" }, "open[0]: "},
		"empty span":          {func(c *calendar.Config) { c.Open[0] = "Mon 08:00-08:00" }, "open[0]: "},
		"from 24:00":          {func(c *calendar.Config) { c.Open[0] = "Mon 24:00-08:00" }, "open[0]: "},
		"overlapping":         {func(c *calendar.Config) { c.Open[0] = "Mon 08:00-12:00,11:00-13:00" }, "open[0]: "},
		"overlapping lines":   {func(c *calendar.Config) { c.Open = append(c.Open, "Tue 17:00-19:00") }, "open[1]: "},
		"unknown holidays":    {func(c *calendar.Config) { c.Holidays = "us" }, "holidays: "},
		"no date":             {func(c *calendar.Config) { c.Except = map[string]string{"2026-02-30": "closed"} }, "except: "},
		"no exception":        {func(c *calendar.Config) { c.Except = map[string]string{"2026-02-20": "open"} }, "except.2026-02-20: "},
		"complete, no date":   {func(c *calendar.Config) { c.Complete = "2027" }, "complete_until: "},
		"complete, no reason": {func(c *calendar.Config) { c.Holidays, c.Complete = "", "2027-12-31" }, "complete_until: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := office()
			tt.change(&c)
			if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error %v, want it to begin with %q", err, tt.want)
			}
		})
	}
}

// Whatever hours are accepted: what Next returns is open, and just before it
// was not.
func FuzzHours(f *testing.F) {
	for _, s := range []string{
		"Mon-Fri 08:30-12:00,13:30-18:00", "Mon-Sun 20:00-08:00", "Sat,Sun 00:00-24:00", "Fri-Mon 23:59-00:00", "Mon 00:00-00:01", "", "Mon", " ", "Mon 08:00", "Mon, 08:00-09:00",
	} {
		f.Add(s, int64(0))
	}
	f.Fuzz(func(t *testing.T, hours string, offset int64) {
		c, err := calendar.New(calendar.Config{Zone: "Asia/Shanghai", Open: []string{hours}, Holidays: "cn"})
		if err != nil {
			return
		}
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(offset%(365*24*3600)) * time.Second)
		next := c.Next(from)
		switch {
		case next.IsZero():
			t.Errorf("%q never opens after %s", hours, from)
		case !c.Open(next):
			t.Errorf("%q: opens at %s and is closed then", hours, next)
		case next.After(from) && (c.Open(from) || c.Open(next.Add(-time.Second))):
			t.Errorf("%q: open before it opens at %s", hours, next)
		case next.Before(from):
			t.Errorf("%q: opens in the past", hours)
		}
	})
}
