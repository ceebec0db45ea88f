package gateway

import "hotline/media"

// bridge joins a citizen and an agent: packets pass both ways as they are.
type bridge struct {
	citizen, agent     media.Stream
	toCitizen, toAgent *media.Source
}

func join(citizen, agent media.Stream) *bridge {
	b := &bridge{
		citizen: citizen, agent: agent,
		toCitizen: citizen.Out().NewSource(), toAgent: agent.Out().NewSource(),
	}
	agent.Out().Select(b.toAgent)
	citizen.Forward(b.toAgent)
	citizen.Out().Select(b.toCitizen)
	agent.Forward(b.toCitizen)
	return b
}

// part separates them. The agent's seat may serve another call by now: what it
// says is not touched, since it goes to a source that nobody selects any more.
func (b *bridge) part() {
	b.citizen.Forward(nil)
	b.citizen.Out().Release(b.toCitizen)
	b.agent.Out().Release(b.toAgent)
}
