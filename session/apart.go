package session

import (
	"context"
	"time"

	"hotline/records"
)

// agentSilence is how long nothing may come from an agent. A browser sends a
// packet each 20 ms, muted or not; a reload of the page takes less.
const agentSilence = 2 * time.Second

// listen looks at the talk's audio: an agent who falls silent is parted from
// the citizen, and joined again when heard.
func (s *session) listen(ctx context.Context) {
	s.ear.take(s.medium.Stats())
	due := s.ear.mark()
	silent := s.ear.silent(time.Now()) >= agentSilence
	switch {
	case s.state == Serving && silent && !s.muted:
		s.part()
	case s.state == Reconnecting && !silent:
		s.rejoin(ctx)
	case s.state == Serving && due:
		s.tell(News{Kind: Measured, Quality: s.ear.lately()})
	}
}

// part lets the citizen hear that we reconnect, then music.
func (s *session) part() {
	s.log.Warn("agent is silent", "agent_id", string(s.agent))
	s.move(AgentSilent)
	s.look.Reset(lookCloser)
	s.note(records.AgentSilent, "")
	s.tell(News{Kind: Apart})
	s.announce(promptReconnect)
}

func (s *session) rejoin(ctx context.Context) {
	s.hush()
	if err := s.medium.Connect(ctx, s.agent); err != nil {
		s.log.Error("bridge failed", "agent_id", string(s.agent), "error", err)
		return // and tried again at the next look
	}
	s.move(AgentHeard)
	s.look.Reset(lookEvery)
	s.note(records.AgentHeard, "")
	s.tell(News{Kind: Rejoined})
}
