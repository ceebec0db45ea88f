package callbacks

import "time"

const clockTime = "15:04"

// Quiet says whether nobody may be dialled at that time.
func (c Config) Quiet(at time.Time) bool {
	from, to := minutes(c.QuietFrom), minutes(c.QuietTo)
	local := at.In(beijing())
	now := local.Hour()*60 + local.Minute()
	if from <= to {
		return from <= now && now < to
	}
	return now >= from || now < to // over midnight
}

// minutes since midnight; a time that Validate would refuse is midnight.
func minutes(s string) int {
	t, err := time.Parse(clockTime, s)
	if err != nil {
		return 0
	}
	return t.Hour()*60 + t.Minute()
}

// beijing has had no summer time since 1991.
func beijing() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }
