package calendar

import (
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"
)

// holidays says which days of which years differ from the week.
type holidays struct {
	days  map[date]bool // true for a make-up working day, false for a day off
	years map[int]bool  // that are known
}

// firstYear is when the published data begin.
const firstYear = 2002

// chinese reads the State Council's days off and make-up working days, as far
// as they have been published.
func chinese() *holidays {
	h := &holidays{days: map[date]bool{}, years: map[int]bool{}}
	for year := firstYear; ; year++ {
		all := HolidayUtil.GetHolidaysByYear(year)
		if all.Len() == 0 {
			return h
		}
		h.years[year] = true
		for e := all.Front(); e != nil; e = e.Next() {
			day, ok := e.Value.(*HolidayUtil.Holiday)
			if !ok {
				continue
			}
			if at, err := time.Parse(dateForm, day.GetDay()); err == nil {
				h.days[dateOf(at)] = day.IsWork()
			}
		}
	}
}
