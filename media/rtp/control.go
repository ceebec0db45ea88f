package rtp

import (
	"sync"
	"time"

	"hotline/media"
)

const (
	// reportEvery is RFC 3550's least interval; each one is drawn from half to one
	// and a half times that, the first from half of it (§6.2).
	reportEvery = 5 * time.Second
	// maxRoundTrip is more than any call that people could bear.
	maxRoundTrip = 10 * time.Second
)

// control is a call's RTCP: a loop takes what the peer sends, the clock sends.
type control struct {
	session *Session
	name    string // CNAME: random, says nothing of us (RFC 7022 §4.2)
	pace    pace
	buffer  [media.MaxDatagram]byte // of the loop

	mu  sync.Mutex // guards far
	far far

	// Of the clock, under the session's lock.
	due      time.Time
	reported media.Sent
	received media.Stats // at the last report
	source   uint32      // reported on
	lost     uint64      // of the sources before
	out      []byte
}

// far is what the peer told.
type far struct {
	source    uint32 // who reports
	lost      uint64 // its newest count
	earlier   uint64 // of reporters before
	jitter    time.Duration
	roundTrip time.Duration
	ntp       uint32    // of its last SR
	ntpCame   time.Time // when that came
	hasNTP    bool
	reports   uint64
}

// ready reads one datagram. A loop calls it.
func (c *control) ready(now time.Time) {
	n, ok := c.session.control.read(c.buffer[:])
	if !ok {
		return
	}
	if !c.pace.allow(now) {
		c.session.ports.metrics.malformed.Inc()
		return
	}
	c.take(c.buffer[:n], now)
}

func (c *control) take(b []byte, now time.Time) {
	m := c.session.ports.metrics
	report, err := parseRTCP(b, c.session.out.SSRC())
	if err != nil {
		m.malformed.Inc()
		return
	}
	if report.report {
		m.reports.Inc()
	}
	if report.bye {
		m.byes.Inc()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.far.learn(report, now)
}

func (f *far) learn(r compound, now time.Time) {
	if r.report && !r.bye {
		f.reports++
	}
	if r.sender {
		f.ntp, f.ntpCame, f.hasNTP = r.ntp, now, true
	}
	if r.about.ssrc == 0 {
		return
	}
	if r.ssrc != f.source {
		f.source, f.earlier, f.lost = r.ssrc, f.earlier+f.lost, 0
	}
	f.lost = uint64(max(r.about.lost, 0))
	f.jitter = time.Duration(r.about.jitter) * time.Second / media.SampleRate
	if r.about.lastSR != 0 {
		f.measure(ntpMiddle(now) - r.about.lastSR - r.about.delay)
	}
}

// measure takes a round trip in 1/65536 s; what cannot be one is passed over.
func (f *far) measure(trip uint32) {
	if d := ntpDuration(trip); d <= maxRoundTrip {
		f.roundTrip = d
	}
}

func (f *far) fill(s *media.Stats) {
	s.FarLost, s.FarJitter, s.RoundTrip = f.earlier+f.lost, f.jitter, f.roundTrip
}

func (c *control) fill(s *media.Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.far.fill(s)
}

// heard is how often the peer has reported.
func (c *control) heard() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.far.reports
}

// report sends what is due. The clock calls it.
func (c *control) report(now time.Time) {
	if c.due.IsZero() {
		c.due = now.Add(drawn(reportEvery / 2))
	}
	if now.Before(c.due) {
		return
	}
	c.due = now.Add(drawn(reportEvery))
	c.send(now, false)
}

// send sends a report, with a farewell at the end. One that the kernel does not
// take is lost: the next one tells the same.
func (c *control) send(now time.Time, farewell bool) {
	ssrc := c.session.out.SSRC()
	b := appendReport(c.out[:0], ssrc, c.sender(now), c.about(now))
	b = appendName(b, ssrc, c.name)
	if farewell {
		b = appendBye(b, ssrc)
	}
	c.out = b
	_ = c.session.control.write(b)
}

// sender is what we sent, or nil: nothing since the last report.
func (c *control) sender(now time.Time) *sender {
	sent := c.session.out.Sent()
	before := c.reported
	c.reported = sent
	if sent.Packets == before.Packets {
		return nil
	}
	return &sender{
		ntp:       ntpTime(now),
		timestamp: sent.Timestamp + uint32(now.Sub(sent.At)*media.SampleRate/time.Second),
		packets:   uint32(sent.Packets), octets: uint32(sent.Octets),
	}
}

// about is what we received; without a source when that is nothing.
func (c *control) about(now time.Time) block {
	ssrc, highest := c.session.inlet.Highest()
	var stats media.Stats
	c.session.inlet.Fill(&stats)
	before := c.received
	c.received = stats
	if stats.In == before.In {
		return block{}
	}
	if ssrc != c.source {
		c.source, c.lost = ssrc, before.Lost
	}
	b := block{
		ssrc: ssrc, highest: highest, fraction: fraction(stats, before),
		lost:   int32(min(max(int64(stats.Lost)-int64(c.lost), 0), 1<<23-1)),
		jitter: uint32(stats.Jitter * media.SampleRate / time.Second),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.far.hasNTP {
		b.lastSR, b.delay = c.far.ntp, ntpSpan(now.Sub(c.far.ntpCame))
	}
	return b
}

// fraction is the share lost between two reports, of 256.
func fraction(now, before media.Stats) uint8 {
	lost, arrived := int64(now.Lost)-int64(before.Lost), int64(now.In-before.In)
	if lost <= 0 {
		return 0
	}
	return uint8(min(lost*256/(lost+arrived), 255))
}

// drawn is a time from half to one and a half times d.
func drawn(d time.Duration) time.Duration {
	return d/2 + time.Duration(uint64(media.RandomNumber())*uint64(d)>>32)
}
