package remote

import (
	"context"
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
	say          = "say"
	typing       = "typing"
	park         = "park"
	unpark       = "unpark"
	messages     = "messages"
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

// Say brings the agent's words to the citizen.
func (h *Hall) Say(ctx context.Context, id contact.ID, agent contact.AgentID, cmid, text string) (m contact.Message, err error) {
	err = h.x.orderFor(ctx, commandWire{Command: say, Contact: id, Agent: agent, CMID: cmid, Text: text}, &m)
	return m, err
}

// Typing shows the citizen that the agent writes.
func (h *Hall) Typing(ctx context.Context, id contact.ID, agent contact.AgentID, on bool) error {
	return h.x.order(ctx, commandWire{Command: typing, Contact: id, Agent: agent, On: on})
}

// Park sets a conversation aside.
func (h *Hall) Park(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.x.order(ctx, commandWire{Command: park, Contact: id, Agent: agent})
}

// Unpark takes it up again.
func (h *Hall) Unpark(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.x.order(ctx, commandWire{Command: unpark, Contact: id, Agent: agent})
}

// Messages reads a conversation that is open at any node: a supervisor may look
// at one that no desk here has.
func (h *Hall) Messages(ctx context.Context, id contact.ID, after int64, limit int) (all []contact.Message, err error) {
	w := commandWire{Command: messages, Contact: id, After: after, Limit: limit}
	err = h.x.orderFor(ctx, w, &all)
	if _, shared := h.x.anchors.find(id); shared || !errors.Is(err, session.ErrNotYours) {
		return all, err
	}
	nodes, failed := h.x.o.Bus.Nodes(ctx)
	if failed != nil {
		return nil, failed
	}
	for _, n := range nodes {
		if h.x.here(routing.NodeID(n)) {
			continue
		}
		if err = h.x.ask(ctx, n, w, &all); err == nil {
			return all, nil
		}
	}
	return nil, session.ErrNotYours
}

// order has a command carried out where the contact is.
func (x *Exchange) order(ctx context.Context, w commandWire) error { return x.orderFor(ctx, w, nil) }

// orderFor puts what comes of it into out, unless that is nil.
func (x *Exchange) orderFor(ctx context.Context, w commandWire, out any) error {
	e, far := x.anchors.find(w.Contact)
	if !far || x.here(e.node) {
		got, err := carryOut(ctx, x.local(), w)
		if err == nil {
			put(out, got)
		}
		return err
	}
	err := x.ask(ctx, cluster.Node(e.node), w, out)
	if errors.Is(err, cluster.ErrNoNode) {
		return x.anchorGone(w, e)
	}
	return err
}

func put(out, got any) {
	switch o := out.(type) {
	case *contact.Message:
		*o, _ = got.(contact.Message)
	case *[]contact.Message:
		*o, _ = got.([]contact.Message)
	}
}

func (x *Exchange) ask(ctx context.Context, to cluster.Node, w commandWire, out any) error {
	body, err := x.o.Bus.Ask(ctx, to, subjectCommand, x.pack(w))
	if err != nil || out == nil {
		return inward(err)
	}
	return x.unpack(body, out)
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
func carryOut(ctx context.Context, s Sessions, w commandWire) (any, error) {
	id, agent := w.Contact, w.Agent
	switch w.Command {
	case accept:
		return nil, s.Accept(ctx, id, agent, w.Token)
	case decline:
		return nil, s.Decline(ctx, id, agent, w.Token)
	case hold:
		return nil, s.Hold(ctx, id, agent)
	case resume:
		return nil, s.Resume(ctx, id, agent)
	case mute:
		return nil, s.Mute(ctx, id, agent, w.On)
	case hangup:
		return nil, s.Hangup(ctx, id, agent)
	case seatLost:
		return nil, s.SeatLost(ctx, id, agent)
	case extendWrapUp:
		return nil, s.ExtendWrapUp(ctx, id, agent)
	case finishWrapUp:
		return nil, s.FinishWrapUp(ctx, id, agent)
	case say:
		return s.Say(ctx, id, agent, w.CMID, w.Text)
	case typing:
		return nil, s.Typing(ctx, id, agent, w.On)
	case park:
		return nil, s.Park(ctx, id, agent)
	case unpark:
		return nil, s.Unpark(ctx, id, agent)
	case messages:
		return s.Messages(ctx, id, w.After, w.Limit)
	default:
		return nil, &cluster.Fault{Code: cluster.Unserved, Text: "no command " + w.Command}
	}
}

func (x *Exchange) takeCommand(ctx context.Context, _ cluster.Node, body []byte) ([]byte, error) {
	var w commandWire
	if err := x.unpack(body, &w); err != nil {
		return nil, err
	}
	got, err := carryOut(ctx, x.local(), w)
	if err != nil || got == nil {
		return nil, outward(err)
	}
	return x.pack(got), nil
}
