package desk

import (
	"cmp"
	"slices"

	"hotline/contact"
	"hotline/routing"
)

// boardState is a seat's state; of a seat of another node the queue knows only
// whether it takes contacts and how many it has.
type boardState string

// What a seat of another node is when it has a call, in whatever state.
const boardBusy boardState = "busy"

// boardAgent is one seat of the hall, comparable.
type boardAgent struct {
	ID      contact.AgentID `json:"id"`
	Name    string          `json:"name"`
	Node    routing.NodeID  `json:"node"`
	State   boardState      `json:"state"`
	Reason  string          `json:"reason"`
	Since   stamp           `json:"since"`
	Voice   slotData        `json:"voice"`
	Message slotData        `json:"message"`
}

// slotData is the load of one class.
type slotData struct {
	Used int `json:"used"`
	Of   int `json:"of"`
}

// agents joins the queue's seats with what this node knows of its own, by ID.
func (b *board) agents(seats []routing.SeatWork) []boardAgent {
	here := map[contact.AgentID]HallAgent{}
	for _, a := range b.desk.Agents() {
		here[a.ID] = a
	}
	all := make([]boardAgent, 0, len(seats)+len(here))
	for _, s := range seats {
		a := seatOf(s)
		if local, ok := here[s.Agent]; ok && s.Node == b.desk.node() {
			a.Name, a.State, a.Reason, a.Since = local.Name, boardState(local.State), local.Reason, local.Since
			delete(here, s.Agent)
		}
		all = append(all, a)
	}
	for id, local := range here {
		if slices.ContainsFunc(seats, func(s routing.SeatWork) bool { return s.Agent == id }) {
			continue // it has moved to another node
		}
		all = append(all, boardAgent{
			ID: id, Name: local.Name, Node: b.desk.node(), State: boardState(local.State), Reason: local.Reason, Since: local.Since,
		})
	}
	slices.SortFunc(all, func(a, b boardAgent) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

func seatOf(s routing.SeatWork) boardAgent {
	a := boardAgent{
		ID: s.Agent, Node: s.Node, State: boardState(NotReady),
		Voice:   slotData{s.Used[contact.Voice], s.Slots[contact.Voice]},
		Message: slotData{s.Used[contact.Text], s.Slots[contact.Text]},
	}
	switch {
	case a.Voice.Used > 0:
		a.State = boardBusy
	case s.Status == routing.Ready:
		a.State = boardState(Ready)
	}
	return a
}

// changed lists the agents that differ from before, and those who are gone.
func changed(before map[contact.AgentID]boardAgent, now []boardAgent) (differ []boardAgent, gone []contact.AgentID) {
	differ, gone = []boardAgent{}, []contact.AgentID{}
	there := make(map[contact.AgentID]bool, len(now))
	for _, a := range now {
		there[a.ID] = true
		if before[a.ID] != a {
			differ = append(differ, a)
		}
	}
	for id := range before {
		if !there[id] {
			gone = append(gone, id)
		}
	}
	slices.Sort(gone)
	return differ, gone
}
