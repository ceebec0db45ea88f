package rtp

import "time"

const (
	// Audio comes at 50 packets a second, 100 at most; after a pause of the network
	// at once. Beyond ten times that it is a flood, and cut.
	audioSpacing = 2 * time.Millisecond
	audioSlack   = 500 * time.Millisecond
	// Reports come every few seconds.
	controlSpacing = 100 * time.Millisecond
	controlSlack   = 2 * time.Second
)

// pace lets one packet pass each spacing, and slack's worth of them at once. One
// goroutine calls it. The zero value with both set is ready.
type pace struct {
	spacing, slack time.Duration
	next           time.Time
}

func (p *pace) allow(now time.Time) bool {
	if p.next.Before(now) {
		p.next = now
	}
	if p.next.Sub(now) > p.slack {
		return false
	}
	p.next = p.next.Add(p.spacing)
	return true
}
