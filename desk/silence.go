package desk

import (
	"time"

	"hotline/contact"
	"hotline/media"
	"hotline/routing"
	"hotline/session"
)

// silence is the clock of a talk in which the citizen does not hear the agent.
// A socket has no part in it: a desk that is cut off, but heard, keeps its
// citizen (docs/desk.md, "When something breaks").
type silence struct {
	until time.Time // when the citizen is given up; zero while all is well
	count uint64    // of silences, so that old timers are known
}

// watchSilence starts the clock when the agent's audio is gone, by the word of
// the session (no packets) or of the phone (no connection), and stops it.
func (s *seat) watchSilence() {
	silent := s.state.speaking() && (s.call.apart || !s.leg.up())
	if silent == !s.silence.until.IsZero() {
		return
	}
	s.silence.count++
	if !silent {
		s.silence.until = time.Time{}
		return
	}
	mine, limit := s.silence.count, s.desk.o.Config.ReleaseAfter
	s.silence.until = s.desk.o.Now().Add(limit)
	s.after(limit, func() {
		if s.silence.count == mine && s.state.speaking() {
			s.loseSeat()
		}
	})
}

// apartUntil is when a citizen who hears that we reconnect is given up.
func (s *seat) apartUntil() time.Time {
	if !s.call.apart {
		return time.Time{}
	}
	return s.silence.until
}

// apart is the session's word that the citizen hears it reconnect, or not any more.
func (s *seat) apart(is bool) {
	s.call.apart = is
	s.watchSilence()
	s.tellCall()
}

// takenData is the data of call.taken.
type takenData struct {
	Contact contact.ID    `json:"contact"`
	Token   routing.Token `json:"token"`
}

// takenBack frees a seat whose citizen waits for another agent.
func (s *seat) takenBack() {
	if !s.move(TakenBack, reasonDisconnected) {
		return
	}
	s.taken = &takenData{s.call.Contact.ID, s.call.Token}
	s.call = nil
	s.pending = keepBreak(s.pending)
	s.emit("call.taken", *s.taken)
	s.desk.metrics.taken.Inc()
	s.settle()
}

// qualityData is the data of call.quality.
type qualityData struct {
	Contact contact.ID    `json:"contact"`
	Citizen directionData `json:"citizen"` // how the citizen arrives at the node
	Agent   directionData `json:"agent"`   // how the agent does
}

type directionData struct {
	Loss     float64 `json:"loss"` // 0-1
	JitterMS float64 `json:"jitter_ms"`
	DelayMS  float64 `json:"delay_ms"` // 0: not measured
	MOS      float64 `json:"mos"`      // 1-4.5; 0: nothing arrived
}

// measured tells the desks how both sides are heard. It has no number and is
// not remembered: the next one follows in 2 s.
func (s *seat) measured(q session.Quality) {
	f := frame("call.quality", "", 0, qualityData{
		Contact: s.call.Contact.ID, Citizen: direction(q.FromCitizen), Agent: direction(q.FromAgent),
	})
	for sock := range s.sockets {
		sock.send(f)
	}
}

func direction(q media.Quality) directionData {
	ms := func(d time.Duration) float64 {
		return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
	}
	return directionData{Loss: q.Loss, JitterMS: ms(q.Jitter), DelayMS: ms(q.Delay), MOS: q.MOS}
}
