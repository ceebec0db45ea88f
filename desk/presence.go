package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"hotline/contact"
	"hotline/session"
)

// helloData opens a socket.
type helloData struct {
	Epoch   string `json:"epoch"`
	LastSeq uint64 `json:"last_seq"`
	Tab     string `json:"tab"`
	Phone   string `json:"phone"`
	Build   string `json:"build"`
}

// How a desk wants the phone.
const (
	phoneAsk  = "ask"
	phoneTake = "take"
	phoneView = "view"
)

func (h *helloData) check() error {
	switch h.Phone {
	case "":
		h.Phone = phoneAsk
	case phoneAsk, phoneTake, phoneView:
	default:
		return wrongField("phone", "应为 ask、take 或 view / want ask, take or view")
	}
	if _, err := contact.ParseID(h.Tab); err != nil {
		return wrongField("tab", "应为 ULID / want a ULID")
	}
	if len(h.Build) > 64 || len(h.Epoch) > 64 {
		return wrongField("build", "过长 / too long")
	}
	return nil
}

// welcomeData answers hello.
type welcomeData struct {
	Epoch    string    `json:"epoch"`
	Seq      uint64    `json:"seq"`
	Node     string    `json:"node"`
	Now      stamp     `json:"now"`
	Resumed  bool      `json:"resumed"`
	Phone    bool      `json:"phone"`
	Other    *other    `json:"other"`
	Snapshot *snapshot `json:"snapshot"`
}

// other is the desk that has the phone.
type other struct {
	Since stamp  `json:"since"`
	From  string `json:"from"`
}

// join takes a socket in, tells it where things stand, and sends what it missed.
func (s *seat) join(sock *socket, h helloData) {
	if len(s.sockets) >= socketsPerAgent {
		sock.close(closeTooMany, "too many desks")
		return
	}
	s.publish() // so that the snapshot holds nothing that is still to be told
	missed, resumed := s.stream.since(s.desk.o.Now(), h.LastSeq)
	resumed = resumed && h.Epoch == s.epoch
	s.sockets[sock] = struct{}{}
	sock.tab, sock.joined = h.Tab, s.desk.o.Now()
	s.givePhone(sock, h.Phone)
	w := welcomeData{
		Epoch: s.epoch, Seq: s.stream.seq, Node: string(s.desk.node()), Now: stamp(s.desk.o.Now()),
		Resumed: resumed, Phone: s.phone == sock, Other: s.otherThan(sock),
	}
	if !resumed {
		w.Snapshot, missed = s.snapshot(), nil
	}
	sock.send(frame("welcome", "", 0, w))
	sock.send(missed...)
	s.desk.metrics.joined(resumed)
}

// givePhone settles which desk has the phone. The same tab, come back before
// its old socket was missed, takes it without asking.
func (s *seat) givePhone(sock *socket, how string) {
	free := s.phone == nil || s.phone.tab == sock.tab
	if how == phoneTake || (how == phoneAsk && free) {
		s.takePhone(sock)
	}
}

func (s *seat) takePhone(sock *socket) {
	old := s.phone
	s.phone = sock
	s.deskGone, s.forgotten = false, false
	s.absence++
	if old != nil && old != sock {
		old.send(frame("phone.lost", "", 0, lostData{sock.from}))
	}
}

type lostData struct {
	To string `json:"to"`
}

func (s *seat) otherThan(sock *socket) *other {
	if s.phone == nil || s.phone == sock {
		return nil
	}
	return &other{Since: stamp(s.phone.joined), From: s.phone.from}
}

// left forgets a socket.
func (s *seat) left(sock *socket) {
	delete(s.sockets, sock)
	if s.phone == sock && !s.over {
		s.phone = nil
		s.absent()
	}
}

// absent starts the clock of a seat without a phone.
func (s *seat) absent() {
	s.absence++
	mine, c := s.absence, s.desk.o.Config
	when := func(d time.Duration, do func()) {
		s.after(d, func() {
			if s.absence == mine {
				do()
			}
		})
	}
	when(c.LostAfter, s.deskLost)
	when(c.ReleaseChats, s.releaseTexts)
	when(c.ForgetAfter, s.forget)
}

// deskLost: the browser is gone. A talk goes on meanwhile.
func (s *seat) deskLost() {
	s.deskGone = true
	s.log.Warn("desk lost", "state", string(s.state))
	s.stay()
	if s.state.busy() {
		return
	}
	s.pending = nil
	s.move(DeskLost, reasonDisconnected)
}

// forget signs off a seat whose desk does not come back. While citizen and agent
// hear each other they are left alone: settle comes back to it.
func (s *seat) forget() {
	s.forgotten = true
	if !s.state.busy() {
		s.signOut()
	}
}

// loseSeat tells the session that nobody leads the contact here.
func (s *seat) loseSeat() {
	id := s.call.Contact.ID
	s.orders.give(func(ctx context.Context) {
		err := s.desk.hall().SeatLost(ctx, id, s.account.ID)
		switch {
		case errors.Is(err, session.ErrState), errors.Is(err, session.ErrNotYours):
			s.log.Info("the session was faster than its lost seat", "contact_id", string(id))
		case err != nil:
			s.log.Error("lost seat not told", "contact_id", string(id), "error", err)
		}
	})
}

// signOut ends the seat, once its contact has been let go.
func (s *seat) signOut() {
	s.leaving = true
	s.releaseTexts()
	switch {
	case s.state.speaking(), s.state == Ringing:
		s.loseSeat()
	case s.state == WrapUp:
		s.finishWrapUp()
	case len(s.texts) == 0:
		s.signOff()
		return
	}
	s.after(orderTimeout, s.signOff) // whatever the session says
}

func (s *seat) finishWrapUp() {
	id := s.call.Contact.ID
	s.orders.give(func(ctx context.Context) {
		if err := s.desk.hall().FinishWrapUp(ctx, id, s.account.ID); err != nil {
			s.log.Error("wrap-up not finished", "contact_id", string(id), "error", err)
		}
	})
}

// signOffFree signs off once the last contact is gone.
func (s *seat) signOffFree() {
	if len(s.texts) == 0 {
		s.signOff()
	}
}

func (s *seat) signOff() {
	if s.over {
		return
	}
	if s.state.busy() {
		s.log.Error("signed off with a contact at the seat", "contact_id", string(s.call.Contact.ID))
		s.state, s.call = NotReady, nil
	}
	for _, c := range slices.Clone(s.texts) {
		s.log.Error("signed off with a conversation at the seat", "contact_id", string(c.Contact.ID))
		s.dropText(c)
	}
	s.move(SignedOut, "")
	s.over = true
}

// kick closes the sockets of a sign-in that is over, of every one when token is
// empty. With the last of them the agent is signed out.
func (s *seat) kick(token, reason string) {
	for sock := range s.sockets {
		if token == "" || sock.token == token {
			sock.send(frame("kicked", "", 0, kickedData{reason}))
			sock.close(closeSignedOut, reason)
			delete(s.sockets, sock)
		}
	}
	if _, here := s.sockets[s.phone]; !here && s.phone != nil {
		s.phone = nil
		s.absent()
	}
	if len(s.sockets) == 0 {
		s.signOut()
	}
}

type kickedData struct {
	Reason string `json:"reason"`
}

// drain asks every desk to come back later, elsewhere.
func (s *seat) drain(after time.Duration) {
	for sock := range s.sockets {
		sock.send(frame("drain", "", 0, drainData{after.Milliseconds()}))
		sock.close(closeDrain, "drain")
	}
}

type drainData struct {
	ReconnectAfterMS int64 `json:"reconnect_after_ms"`
}
