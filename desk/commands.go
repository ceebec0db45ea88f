package desk

import (
	"context"
	"errors"
	"slices"

	"hotline/contact"
	"hotline/routing"
)

// errLater says that a command is answered when its work is done.
var errLater = errors.New("desk: the answer comes later")

// command is one order of a desk.
type command struct {
	id   string
	data []byte
	by   *socket
	res  *result
}

// succeed acknowledges once, followed by further frames.
func (c *command) succeed(further ...[]byte) {
	c.res.finish(append([][]byte{ackFrame(c.id)}, further...)...)
}

func (c *command) fail(err error) { c.res.finish(errorFrame(c.id, err)) }

// doer carries a command out in the seat's goroutine: nil acknowledges it,
// errLater leaves that to later work.
type doer func(*seat, *command) error

// doers is the table of commands (docs/desk-protocol.md, "Commands").
func doers() map[string]doer {
	return map[string]doer{
		"leg.offer":     (*seat).offerLeg,
		"leg.prove":     (*seat).prove,
		"leg.heard":     (*seat).heard,
		"agent.state":   (*seat).changeState,
		"offer.shown":   (*seat).offerShown,
		"call.accept":   (*seat).accept,
		"call.decline":  (*seat).decline,
		"call.hold":     onCall(Hall.Hold),
		"call.resume":   onCall(Hall.Resume),
		"call.mute":     (*seat).mute,
		"call.hangup":   onCall(Hall.Hangup),
		"wrapup.extend": onEither(Hall.ExtendWrapUp),
		"wrapup.finish": onEither(Hall.FinishWrapUp),
		"phone.take":    (*seat).moveHere,
		"board.watch":   (*seat).watchBoard,

		"conversation.accept":  (*seat).acceptText,
		"conversation.decline": (*seat).declineText,
		"conversation.park":    onText(Hall.Park),
		"conversation.resume":  onText(Hall.Unpark),
		"conversation.close":   onText(Hall.Hangup),
		"message.send":         (*seat).send,
		"typing":               (*seat).writes,
	}
}

// command takes one frame of a socket.
func (s *seat) command(sock *socket, e envelope) {
	if _, here := s.sockets[sock]; !here {
		return // too late: it has left
	}
	do, known := s.desk.doers[e.Type]
	if !known {
		sock.send(errorFrame(e.ID, &Problem{Code: UnknownField, Field: "type", Message: "未知命令 / unknown command"}))
		return
	}
	res, fresh := s.results.begin(s.desk.o.Now(), e.ID, sock)
	if !fresh {
		s.desk.metrics.repeats.Inc()
		return
	}
	c := &command{id: e.ID, data: e.Data, by: sock, res: res}
	s.answer(c, e.Type, s.try(c, e.Type, do))
}

func (s *seat) try(c *command, kind string, do doer) error {
	if s.phone != c.by && kind != "phone.take" && kind != "board.watch" {
		return problem(Conflict, "电话在另一个桌面 / another desk has the phone")
	}
	return do(s, c)
}

// answer settles what is settled, and counts the command.
func (s *seat) answer(c *command, kind string, err error) {
	code := "ok"
	switch {
	case errors.Is(err, errLater):
	case err != nil:
		code = string(problemOf(err).Code)
		c.fail(err)
	default:
		c.succeed()
	}
	s.desk.metrics.commands.WithLabelValues(kind, code).Inc()
}

// moveHere gives the phone to this desk; a call moves with it.
func (s *seat) moveHere(c *command) error {
	if err := decodeStrict(c.data, &nothing{}); err != nil {
		return err
	}
	s.takePhone(c.by)
	return nil
}

type stateData struct {
	State  State  `json:"state"`
	Reason string `json:"reason"`
}

// changeState is the agent's wish; with a contact at the seat it waits.
func (s *seat) changeState(c *command) error {
	var d stateData
	if err := decodeStrict(c.data, &d); err != nil {
		return err
	}
	switch d.State {
	case Ready:
		return s.askReady()
	case Break:
		return s.askBreak(d.Reason)
	case "none":
		s.stay()
		s.pending = nil
		s.herald.again()
		return nil
	case Offline, NotReady, Ringing, Talking, Held, WrapUp:
	}
	return wrongField("state", "应为 ready、break 或 none / want ready, break or none")
}

func (s *seat) askReady() error {
	switch {
	case s.state.busy(), s.state == Ready:
		s.attended()
		s.pending = nil
		s.herald.again()
	case !s.audible():
		return problem(NotReadyCode, "请先完成语音检测 / prove the audio first")
	default:
		s.attended()
		s.pending = &pending{State: Ready}
		s.herald.again() // the queue may have set the seat away by itself
	}
	return nil
}

func (s *seat) askBreak(reason string) error {
	if !slices.Contains(breakReasons(), reason) {
		return wrongField("reason", "小休原因无效 / not a reason for a break")
	}
	s.stay()
	if s.state.busy() {
		s.pending = &pending{State: Break, Reason: reason}
		return nil
	}
	s.pending = nil
	s.move(TookBreak, reason)
	return nil
}

type offerData struct {
	Contact contact.ID    `json:"contact"`
	Token   routing.Token `json:"token"`
}

// rung reads which ring is meant and checks that it is the one here.
func (s *seat) rung(c *command) (offerData, error) {
	var d offerData
	if err := decodeStrict(c.data, &d); err != nil {
		return d, err
	}
	if !s.has(d.Contact, d.Token) || s.state != Ringing {
		return d, routing.ErrStale
	}
	return d, nil
}

func (s *seat) offerShown(c *command) error {
	if k, err := s.ringsText(c); err == nil {
		k.acknowledge(nil)
		return nil
	}
	if _, err := s.rung(c); err != nil {
		return err
	}
	s.acknowledge()
	return nil
}

func (s *seat) accept(c *command) error {
	d, err := s.rung(c)
	if err != nil {
		return err
	}
	s.acknowledge()
	return s.onceHeard(c, d, func() error {
		return s.order(c, func(ctx context.Context, h Hall) error {
			return h.Accept(ctx, d.Contact, s.account.ID, d.Token)
		})
	})
}

func (s *seat) decline(c *command) error {
	d, err := s.rung(c)
	if err != nil {
		return err
	}
	s.acknowledge()
	return s.order(c, func(ctx context.Context, h Hall) error {
		return h.Decline(ctx, d.Contact, s.account.ID, d.Token)
	})
}

// served reads which contact is meant and checks that it is the one here.
func (s *seat) served(id contact.ID) error {
	if s.call == nil || s.call.Contact.ID != id {
		return &Problem{Code: Stale, Field: "contact", Message: "来电已不在本座席 / the contact is not here"}
	}
	return nil
}

// onCall makes a doer of a hall's command on the contact at the seat.
func onCall(do func(Hall, context.Context, contact.ID, contact.AgentID) error) doer {
	return func(s *seat, c *command) error {
		var d contactData
		if err := decodeStrict(c.data, &d); err != nil {
			return err
		}
		if err := s.served(d.Contact); err != nil {
			return err
		}
		return s.order(c, func(ctx context.Context, h Hall) error {
			return do(h, ctx, d.Contact, s.account.ID)
		})
	}
}

type muteData struct {
	Contact contact.ID `json:"contact"`
	On      *bool      `json:"on"`
}

func (s *seat) mute(c *command) error {
	var d muteData
	if err := decodeStrict(c.data, &d); err != nil {
		return err
	}
	if d.On == nil {
		return wrongField("on", "缺少 on / on is missing")
	}
	if err := s.served(d.Contact); err != nil {
		return err
	}
	return s.order(c, func(ctx context.Context, h Hall) error {
		return h.Mute(ctx, d.Contact, s.account.ID, *d.On)
	})
}

// order has a command carried out by the session; the answer follows.
func (s *seat) order(c *command, do func(context.Context, Hall) error) error {
	return s.orderBy(s.orders, c, do)
}

// orderBy keeps the order of one contact's commands; those of others do not wait.
func (s *seat) orderBy(o *orders, c *command, do func(context.Context, Hall) error) error {
	taken := o.give(func(ctx context.Context) {
		err := do(ctx, s.desk.hall())
		s.box.post(func() { s.settled(c, err) })
	})
	if !taken {
		return problem(RateLimited, "操作过于频繁 / too many commands")
	}
	return errLater
}

func (s *seat) settled(c *command, err error) {
	if err == nil {
		c.succeed()
		return
	}
	if p := problemOf(err); p.Code == InternalCode {
		s.log.Error("command failed", "error", err)
	}
	c.fail(err)
}
