package desk

import (
	"context"
	"strings"

	"hotline/contact"
	"hotline/routing"
)

// legState is how far the desk's audio has come.
type legState string

const (
	legNone         legState = "none"
	legConnecting   legState = "connecting"
	legConnected    legState = "connected"
	legProven       legState = "proven"
	legDisconnected legState = "disconnected" // in leg.changed only
	legFailed       legState = "failed"       // in leg.changed only
)

// leg is the seat's audio. The desk counts its generations from where it
// likes; towards the phone they rise through the seat's whole life.
type leg struct {
	phone  Phone
	state  legState
	gen    uint64 // ours, of the newest offer
	first  uint64 // ours, of the first offer of the same connection
	theirs uint64 // the desk's number of the same
	key    string // DTLS fingerprint of the newest offer
	proven string // fingerprint that was proven
	proof  *proof
}

func newLeg(p Phones, agent contact.AgentID) leg {
	l := leg{state: legNone}
	if p != nil {
		l.phone = p.Phone(agent)
	}
	return l
}

func (l *leg) close(ctx context.Context) error {
	if l.phone == nil {
		return nil
	}
	return l.phone.Close(ctx)
}

// up says whether audio can flow.
func (l *leg) up() bool { return l.state == legConnected || l.state == legProven }

type legOffer struct {
	Node string `json:"node"`
	Gen  uint64 `json:"gen"`
	SDP  string `json:"sdp"`
}

// offerLeg hands the browser's offer to the phone; the answer comes later.
func (s *seat) offerLeg(c *command) error {
	var d legOffer
	if err := decodeStrict(c.data, &d); err != nil {
		return err
	}
	switch {
	case !s.desk.here(routing.NodeID(d.Node)):
		return s.offerFar(c, d)
	case d.Gen <= c.by.gen:
		return &Problem{Code: Stale, Field: "gen", Message: "已有更新的媒体协商 / a newer offer was sent"}
	case d.SDP == "":
		return wrongField("sdp", "缺少 SDP / the SDP is missing")
	case s.leg.phone == nil:
		return problem(Unavailable, "语音不可用 / no audio on this node")
	}
	c.by.gen = d.Gen
	s.leg.gen++
	s.leg.theirs, s.leg.proof = d.Gen, nil
	if key := fingerprint(d.SDP); key != s.leg.key || key == "" || s.leg.state == legNone {
		s.leg.key, s.leg.first = key, s.leg.gen
		s.legChanged(legConnecting)
	} // else ICE is restarted: audio goes on until the phone says otherwise
	s.answerLeg(c, s.leg.gen, d)
	return errLater
}

func (s *seat) answerLeg(c *command, gen uint64, d legOffer) {
	s.beside.Go(func() {
		ctx, cancel := context.WithTimeout(s.life, orderTimeout)
		defer cancel()
		answer, err := s.leg.phone.Answer(ctx, gen, d.SDP)
		s.box.post(func() { s.legAnswered(c, gen, d.Gen, answer, err) })
	})
}

func (s *seat) legAnswered(c *command, gen, theirs uint64, answer string, err error) {
	switch {
	case gen != s.leg.gen:
		c.fail(&Problem{Code: Stale, Field: "gen", Message: "已有更新的媒体协商 / a newer offer was sent"})
	case err != nil:
		s.log.Warn("audio offer refused", "error", err)
		if gen == s.leg.first { // a restart that is refused leaves the audio as it is
			s.legChanged(legFailed)
		}
		c.fail(&Problem{Code: InvalidField, Field: "sdp", Message: "媒体协商失败 / the offer was refused", Cause: err})
	default:
		c.succeed(frame("leg.answer", c.id, 0, legOffer{string(s.desk.node()), theirs, answer}))
	}
}

// fingerprint names the DTLS certificate of an offer: an ICE restart keeps it.
func fingerprint(sdp string) string {
	for line := range strings.Lines(sdp) {
		if print, ok := strings.CutPrefix(strings.TrimSpace(line), "a=fingerprint:"); ok {
			return strings.ToLower(print)
		}
	}
	return ""
}

// watchPhone brings the phone's news into the seat's goroutine.
func (s *seat) watchPhone() {
	if s.leg.phone == nil {
		return
	}
	events := s.leg.phone.Events()
	for {
		select {
		case e, open := <-events:
			if !open {
				return
			}
			s.box.post(func() { s.phoneSays(e) })
		case <-s.life.Done():
			return
		}
	}
}

// phoneSays takes news of the newest connection; older ones are over.
func (s *seat) phoneSays(e PhoneEvent) {
	if e.Gen < s.leg.first {
		return
	}
	switch e.State {
	case PhoneConnecting:
		s.legChanged(legConnecting)
	case PhoneConnected:
		s.legConnected()
	case PhoneDisconnected:
		s.legChanged(legDisconnected)
	case PhoneFailed:
		s.legChanged(legFailed)
	}
}

func (s *seat) legConnected() {
	if s.leg.key != "" && s.leg.key == s.leg.proven {
		s.legChanged(legProven)
		return
	}
	s.legChanged(legConnected)
}

// legChanged tells the desks, and takes an agent without audio out of the queue.
func (s *seat) legChanged(to legState) {
	if to == s.leg.state {
		return
	}
	s.leg.state = to
	switch to {
	case legDisconnected:
		s.leg.state = legConnecting
	case legFailed:
		s.leg.state = legNone
	default:
	}
	s.emit("leg.changed", legData{s.leg.theirs, to, ""})
	if s.state == Ready && !s.audible() {
		s.blockedByLeg()
	}
	if to == legProven && s.state == NotReady && s.reason == reasonAudio && s.pending == nil {
		s.reason = reasonSignedIn
	}
}

// blockedByLeg makes a ready seat wait for its audio; it comes back by itself.
func (s *seat) blockedByLeg() {
	s.move(LegLost, reasonAudio)
	s.pending = &pending{State: Ready}
}
