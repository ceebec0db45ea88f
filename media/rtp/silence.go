package rtp

import (
	"time"

	"hotline/media"
)

const (
	// gapLimit is how long a citizen may hear nothing at all.
	gapLimit = time.Second
	// enoughReports tells a peer that goes on reporting while it is held from one
	// that says a last word at its beginning.
	enoughReports = 3
)

// Silent is closed when the peer has sent no audio for the configured time. A
// call that is held is silent by agreement: it counts as dead only when its peer
// went on with its reports (RTCP), as RFC 3264 §8.4 wants it, and then stopped.
func (s *Session) Silent() <-chan struct{} { return s.silent }

// pulse notes when a count last moved.
type pulse struct {
	count uint64
	moved time.Time
}

// rest is how long count has not moved.
func (p *pulse) rest(count uint64, now time.Time) time.Duration {
	if count != p.count || p.moved.IsZero() {
		p.count, p.moved = count, now
	}
	return now.Sub(p.moved)
}

// skip lets the time so far not count.
func (p *pulse) skip(now time.Time) { p.moved = now }

// quiet is the session's view of both directions. The clock calls its methods,
// under the session's lock.
type quiet struct {
	heard, told, reports pulse
	reportsBefore        uint64 // when it was held
	wasHeld              bool
	over                 bool // Silent is closed
	gap, logged          bool
}

// listen closes Silent when it is time.
func (s *Session) listen(now time.Time) {
	limit := s.ports.config.Silence
	if limit == 0 || s.quiet.over || !s.quiet.dead(s, now, limit) {
		return
	}
	s.quiet.over = true
	s.ports.metrics.silent.Inc()
	close(s.silent)
}

func (q *quiet) dead(s *Session, now time.Time, limit time.Duration) bool {
	var stats media.Stats
	s.inlet.Fill(&stats)
	audio := q.heard.rest(stats.In, now)
	reports := s.reports.heard()
	unreported := q.reports.rest(reports, now)
	held := s.held.Load()
	if held && !q.wasHeld {
		q.reportsBefore = reports
	}
	q.wasHeld = held
	if !held {
		return audio >= limit
	}
	q.heard.skip(now)
	return reports-q.reportsBefore >= enoughReports && unreported >= limit
}

// attend counts the times that the citizen hears nothing, from the first packet
// on, and tells the log once a call: somebody forgot to fill a pause.
func (s *Session) attend(now time.Time) {
	var stats media.Stats
	s.out.Fill(&stats)
	rest, q := s.quiet.told.rest(stats.Out, now), &s.quiet
	switch {
	case !s.sending.Load():
		q.told.skip(now)
	case rest < gapLimit:
		q.gap = false
	case stats.Out > 0 && !q.gap:
		q.gap = true
		s.ports.metrics.gaps.Inc()
		if !q.logged {
			q.logged = true
			s.log.Warn("nothing is sent to the citizen", "port", s.port)
		}
	}
}
