package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"hotline/cluster"
	"hotline/contact"
	"hotline/routing"
	"hotline/session"
)

// The commands that cross.
const (
	accept       = "accept"
	decline      = "decline"
	hold         = "hold"
	resume       = "resume"
	mute         = "mute"
	hangup       = "hangup"
	seatLost     = "seat_lost"
	extendWrapUp = "extend_wrap_up"
	finishWrapUp = "finish_wrap_up"
)

// Hall takes the desks' commands on contacts, wherever they are anchored.
type Hall struct{ x *Exchange }

// Hall is for this node's desks.
func (x *Exchange) Hall() *Hall { return &Hall{x} }

// Accept takes the offer of that token for the agent.
func (h *Hall) Accept(ctx context.Context, id contact.ID, agent contact.AgentID, t routing.Token) error {
	return h.x.order(ctx, commandWire{Command: accept, Contact: id, Agent: agent, Token: t})
}

// Decline refuses the offer of that token.
func (h *Hall) Decline(ctx context.Context, id contact.ID, agent contact.AgentID, t routing.Token) error {
	return h.x.order(ctx, commandWire{Command: decline, Contact: id, Agent: agent, Token: t})
}

// Hold plays music to the citizen.
func (h *Hall) Hold(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.x.order(ctx, commandWire{Command: hold, Contact: id, Agent: agent})
}

// Resume joins citizen and agent again.
func (h *Hall) Resume(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.x.order(ctx, commandWire{Command: resume, Contact: id, Agent: agent})
}

// Mute lets the citizen hear silence, or the agent again.
func (h *Hall) Mute(ctx context.Context, id contact.ID, agent contact.AgentID, on bool) error {
	return h.x.order(ctx, commandWire{Command: mute, Contact: id, Agent: agent, On: on})
}

// Hangup releases the agent into wrap-up.
func (h *Hall) Hangup(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.x.order(ctx, commandWire{Command: hangup, Contact: id, Agent: agent})
}

// SeatLost says that nobody leads the contact at the agent's desk any more.
func (h *Hall) SeatLost(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.x.order(ctx, commandWire{Command: seatLost, Contact: id, Agent: agent})
}

// ExtendWrapUp gives the agent the line's step more.
func (h *Hall) ExtendWrapUp(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.x.order(ctx, commandWire{Command: extendWrapUp, Contact: id, Agent: agent})
}

// FinishWrapUp frees the agent now.
func (h *Hall) FinishWrapUp(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.x.order(ctx, commandWire{Command: finishWrapUp, Contact: id, Agent: agent})
}

// order has a command carried out where the contact is.
func (x *Exchange) order(ctx context.Context, w commandWire) error {
	e, far := x.anchors.find(w.Contact)
	if !far || x.here(e.node) {
		return carryOut(ctx, x.local(), w)
	}
	_, err := x.o.Bus.Ask(ctx, cluster.Node(e.node), subjectCommand, encode(w))
	if errors.Is(err, cluster.ErrNoNode) {
		return x.anchorGone(w, e)
	}
	return inward(err)
}

// anchorGone answers a command on a contact whose node is dead. What ends the
// contact ends it here; nobody else can.
func (x *Exchange) anchorGone(w commandWire, e entry) error {
	switch w.Command {
	case hangup, seatLost, finishWrapUp, decline:
		x.part(e)
		return nil
	case accept:
		x.part(e)
		return routing.ErrStale
	default:
		return fmt.Errorf("%w: the contact's node is gone", session.ErrState)
	}
}

// carryOut has this node's sessions do it.
func carryOut(ctx context.Context, s Sessions, w commandWire) error {
	switch w.Command {
	case accept:
		return s.Accept(ctx, w.Contact, w.Agent, w.Token)
	case decline:
		return s.Decline(ctx, w.Contact, w.Agent, w.Token)
	case hold:
		return s.Hold(ctx, w.Contact, w.Agent)
	case resume:
		return s.Resume(ctx, w.Contact, w.Agent)
	case mute:
		return s.Mute(ctx, w.Contact, w.Agent, w.On)
	case hangup:
		return s.Hangup(ctx, w.Contact, w.Agent)
	case seatLost:
		return s.SeatLost(ctx, w.Contact, w.Agent)
	case extendWrapUp:
		return s.ExtendWrapUp(ctx, w.Contact, w.Agent)
	case finishWrapUp:
		return s.FinishWrapUp(ctx, w.Contact, w.Agent)
	default:
		return &cluster.Fault{Code: cluster.Unserved, Text: "no command " + w.Command}
	}
}

func (x *Exchange) takeCommand(ctx context.Context, _ cluster.Node, body []byte) ([]byte, error) {
	var w commandWire
	if err := json.Unmarshal(body, &w); err != nil {
		return nil, &cluster.Fault{Code: cluster.Refused, Text: err.Error()}
	}
	return nil, outward(carryOut(ctx, x.local(), w))
}
