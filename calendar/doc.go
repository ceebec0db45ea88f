// Package calendar says when something is open: weekly hours with split shifts,
// holidays and the make-up working days that go with them, and dates that
// differ. Days are those of the calendar's time zone.
package calendar
