package desk

import (
	"context"
	"errors"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// farWithin is how long a desk may take to bring its audio to the node of a
// contact that rings; then the next agent is tried.
const farWithin = 6 * time.Second

// farLeg is a seat's audio at another node: made at the first offer from there,
// and kept. The one here has proven the headset; connected is enough.
type farLeg struct {
	state   legState
	gen     uint64 // ours
	theirs  uint64 // the desk's number of the same
	by      *socket
	waiting *farAccept
}

// farAccept is an accept that waits for the audio.
type farAccept struct {
	c    *command
	ring offerData
	give func() error
}

// here says whether the node is this one, by any of its names.
func (d *Desk) here(n routing.NodeID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return n == "" || n == d.o.Node || d.names[n]
}

// farNode is the node as desks are told it: empty for this one.
func (d *Desk) farNode(n routing.NodeID) routing.NodeID {
	if d.here(n) {
		return ""
	}
	return n
}

// Holds says whether the agent's seat here has the contact under that token. A
// seat that does not answer until ctx ends is taken to.
func (d *Desk) Holds(ctx context.Context, agent contact.AgentID, id contact.ID, t routing.Token) bool {
	s := d.seat(agent)
	if s == nil {
		return false
	}
	answer := make(chan bool, 1)
	if !s.post(func() { answer <- s.has(id, t) || s.expects(id, t) || s.writesWith(id, t) }) {
		return false
	}
	select {
	case has := <-answer:
		return has
	case <-s.done:
		return false
	case <-ctx.Done():
		return true
	}
}

func (s *seat) expects(id contact.ID, t routing.Token) bool {
	return s.waiting != nil && s.waiting.Contact.ID == id && s.waiting.Token == t
}

func (s *seat) writesWith(id contact.ID, t routing.Token) bool {
	c := s.text(id)
	return c != nil && c.Token == t
}

// farSays brings news of audio elsewhere to its seat.
func (d *Desk) farSays(node routing.NodeID, agent contact.AgentID, e PhoneEvent) {
	if s := d.seat(agent); s != nil {
		s.post(func() { s.farSays(node, e) })
	}
}

// offerFar hands the browser's offer to another node; the answer comes later.
func (s *seat) offerFar(c *command, d legOffer) error {
	node := routing.NodeID(d.Node)
	f := s.far[node]
	switch {
	case s.desk.o.Far == nil || node.Validate() != nil:
		return wrongField("node", "没有这个节点 / no such node")
	case d.SDP == "":
		return wrongField("sdp", "缺少 SDP / the SDP is missing")
	case f == nil:
		f = &farLeg{state: legNone}
		s.keepFar(node, f)
	case f.by == c.by && d.Gen <= f.theirs:
		return &Problem{Code: Stale, Field: "gen", Message: "已有更新的媒体协商 / a newer offer was sent"}
	}
	f.gen++
	f.by, f.theirs = c.by, d.Gen
	if f.state == legNone {
		s.farChanged(node, f, legConnecting)
	}
	s.answerFar(c, node, f.gen, d)
	return errLater
}

func (s *seat) keepFar(node routing.NodeID, f *farLeg) {
	if s.far == nil {
		s.far = make(map[routing.NodeID]*farLeg)
	}
	s.far[node] = f
}

func (s *seat) answerFar(c *command, node routing.NodeID, gen uint64, d legOffer) {
	s.beside.Go(func() {
		ctx, cancel := context.WithTimeout(s.life, orderTimeout)
		defer cancel()
		answer, err := s.desk.o.Far.Answer(ctx, node, s.account.ID, gen, d.SDP)
		s.box.post(func() { s.farAnswered(c, node, gen, d.Gen, answer, err) })
	})
}

func (s *seat) farAnswered(c *command, node routing.NodeID, gen, theirs uint64, answer string, err error) {
	f := s.far[node]
	switch {
	case f == nil || gen != f.gen:
		c.fail(&Problem{Code: Stale, Field: "gen", Message: "已有更新的媒体协商 / a newer offer was sent"})
	case err != nil:
		s.log.Warn("audio offer refused", "at", string(node), "error", err)
		if f.state == legConnecting {
			s.farChanged(node, f, legFailed)
		}
		c.fail(&Problem{Code: Unavailable, Field: "node", Message: "另一节点的语音不可用 / no audio at the other node", Cause: err})
	default:
		c.succeed(frame("leg.answer", c.id, 0, legOffer{string(node), theirs, answer}))
	}
}

// farSays takes news of the connection to another node.
func (s *seat) farSays(node routing.NodeID, e PhoneEvent) {
	f := s.far[node]
	if f == nil {
		return
	}
	switch e.State {
	case PhoneConnecting:
	case PhoneConnected:
		s.farChanged(node, f, legConnected)
	case PhoneDisconnected:
		s.farChanged(node, f, legDisconnected)
	case PhoneFailed:
		s.farChanged(node, f, legFailed)
	}
}

// farChanged tells the desks. An accept that waited goes on; a ring whose audio
// cannot be made goes to the next agent.
func (s *seat) farChanged(node routing.NodeID, f *farLeg, to legState) {
	if to == f.state {
		return
	}
	f.state = to
	switch to {
	case legDisconnected:
		f.state = legConnecting
	case legFailed:
		f.state = legNone
	default:
	}
	s.emit("leg.changed", legData{f.theirs, to, node})
	switch {
	case to == legConnected && f.waiting != nil:
		s.goOn(f)
	case to == legFailed && s.ringsFrom(node):
		s.loseSeat()
	}
}

func (s *seat) goOn(f *farLeg) {
	w := f.waiting
	f.waiting = nil
	if !s.has(w.ring.Contact, w.ring.Token) || s.state != Ringing {
		w.c.fail(routing.ErrStale)
		return
	}
	if err := w.give(); !errors.Is(err, errLater) {
		s.settled(w.c, err)
	}
}

// ringsFrom says whether a contact of that node rings here.
func (s *seat) ringsFrom(node routing.NodeID) bool {
	return s.state == Ringing && s.call != nil && s.call.Anchor == node
}

// awaitFar gives a ring from another node up when the desk's audio does not
// come there.
func (s *seat) awaitFar() {
	node, id, token := s.desk.farNode(s.call.Anchor), s.call.Contact.ID, s.call.Token
	if node == "" || s.call.Contact.Channel.Class() != contact.Voice {
		return
	}
	s.after(farWithin, func() {
		f := s.far[node]
		if s.has(id, token) && s.state == Ringing && (f == nil || f.state != legConnected) {
			s.log.Warn("no audio at the contact's node", "contact_id", string(id), "at", string(node))
			s.loseSeat()
		}
	})
}

// onceHeard carries an accept out, after the audio has come to the contact's
// node.
func (s *seat) onceHeard(c *command, ring offerData, give func() error) error {
	node := s.desk.farNode(s.call.Anchor)
	if node == "" || s.call.Contact.Channel.Class() != contact.Voice {
		return give()
	}
	f := s.far[node]
	if f == nil {
		f = &farLeg{state: legNone}
		s.keepFar(node, f)
	}
	if f.state == legConnected {
		return give()
	}
	if f.waiting != nil && f.waiting.c != c {
		f.waiting.c.fail(routing.ErrStale)
	}
	f.waiting = &farAccept{c, ring, give}
	return errLater
}

// stopFar fails an accept that waits for a ring which is over.
func (s *seat) stopFar(id contact.ID) {
	for _, f := range s.far {
		if f.waiting != nil && f.waiting.ring.Contact == id {
			f.waiting.c.fail(routing.ErrStale)
			f.waiting = nil
		}
	}
}

// leaveFar ends the seat's audio elsewhere.
func (s *seat) leaveFar() {
	for node := range s.far {
		s.desk.o.Far.HangUp(node, s.account.ID)
	}
}
