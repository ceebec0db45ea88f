package gateway

import (
	"sync/atomic"
	"time"

	"hotline/media"
)

// bridge joins a citizen and an agent: packets pass both ways as they are.
type bridge struct {
	citizen, agent     media.Stream
	toCitizen, toAgent *media.Source
}

func join(citizen, agent media.Stream, m *Metrics) *bridge {
	b := &bridge{
		citizen: citizen, agent: agent,
		toCitizen: citizen.Out().NewSource(), toAgent: agent.Out().NewSource(),
	}
	now := time.Now()
	agent.Out().Select(b.toAgent)
	citizen.Forward(&firstly{Sink: b.toAgent, tell: func() { m.heard(toAgent, time.Since(now)) }})
	citizen.Out().Select(b.toCitizen)
	agent.Forward(&firstly{Sink: b.toCitizen, tell: func() { m.heard(toCitizen, time.Since(now)) }})
	return b
}

// firstly tells once that a packet has passed.
type firstly struct {
	media.Sink

	passed atomic.Bool
	tell   func()
}

// Write implements media.Sink.
func (f *firstly) Write(p *media.Packet) {
	f.Sink.Write(p)
	if !f.passed.Load() && f.passed.CompareAndSwap(false, true) {
		f.tell()
	}
}

// part separates them. The agent's seat may serve another call by now: what it
// says is not touched, since it goes to a source that nobody selects any more.
func (b *bridge) part() {
	b.citizen.Forward(nil)
	b.citizen.Out().Release(b.toCitizen)
	b.agent.Out().Release(b.toAgent)
}
