package sip

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/gatewaytest"
)

// trial is one race, against a node of its own.
type trial struct {
	clause, what string
	peer         gatewaytest.Peer // "": raw sockets
	serve        func(context.Context, *Inbound)
	change       func(*Options)
	play         func(*testing.T, *node)
}

// What carriers' messages do to each other when they cross, are lost or come
// twice. After each race nothing is left: no dialog, no socket, no goroutine.
func TestRaces(t *testing.T) { //nolint:paralleltest // sockets and goroutines are counted
	for name, r := range races() {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // as above
			if r.peer == "" {
				r.peer = gatewaytest.PeerRawSockets
			}
			gatewaytest.Tried(t, r.peer, r.clause, r.what)
			before := goleak.IgnoreCurrent()
			t.Cleanup(func() { goleak.VerifyNone(t, before) })
			changes := []func(*Options){func(*Options) {}}
			if r.change != nil {
				changes[0] = r.change
			}
			n := startNode(t, r.serve, changes...)
			open := sockets(t)
			t.Run("play", func(t *testing.T) { r.play(t, n) }) //nolint:paralleltest // as above
			n.wantIdle(t, open)
		})
	}
}

func races() map[string]trial {
	quick := func(o *Options) { o.Timers = Timers{T1: 20 * time.Millisecond, T2: 80 * time.Millisecond} }
	ring := func(ctx context.Context, in *Inbound) { _ = in.Ring(ctx) }
	return map[string]trial{
		"cancel_before_100":    {clause: "RFC 3261 §9.2", what: "INVITE and CANCEL back to back, or the other way round: one final answer each, no call left", serve: pickUp, play: cancelBefore100},
		"cancel_of_nothing":    {clause: "RFC 3261 §9.2", what: "CANCEL whose INVITE does not come: 481 after a moment; when the INVITE does come: 487", serve: pickUp, play: cancelOfNothing},
		"cancel_crosses_200":   {clause: "RFC 3261 §13.3.1", what: "CANCEL as we answer: 487, or 200 and the call stays until BYE", serve: pickUp, play: cancelCrosses200},
		"our_cancel_crosses":   {clause: "RFC 3261 §9.1", what: "their 200 crosses our CANCEL: ACK and BYE", play: ourCancelCrosses200},
		"our_cancel_waits":     {clause: "RFC 3261 §9.1", what: "we give up before any answer: CANCEL only after the first provisional", play: ourCancelWaits},
		"our_cancel_unheard":   {clause: "RFC 3261 §9.1", what: "our CANCEL gets no answer at all: the call ends", change: quick, play: ourCancelUnheard},
		"invite_unheard":       {clause: "RFC 3261 §17.1.1.2", what: "our INVITE gets no answer at all: the call ends", change: quick, play: inviteUnheard},
		"cancel_after_200":     {clause: "RFC 3261 §9.2", what: "CANCEL after our 200: 200, and the call stays", serve: pickUp, play: cancelAfter200},
		"bye_before_ack":       {clause: "RFC 3261 §15", what: "BYE before the ACK: 200, the call ends, our 200 is repeated no more", serve: pickUp, play: byeBeforeAck},
		"bye_before_answer":    {clause: "RFC 3261 §15.1.2", what: "BYE in the early dialog: 200, and 487 to the INVITE", serve: ring, play: byeBeforeAnswer},
		"byes_cross":           {clause: "RFC 3261 §15.1.2", what: "both hang up at once: each BYE is answered", serve: pickUp, play: byesCross},
		"bye_unanswered":       {clause: "RFC 3261 §15.1.1", what: "our BYE gets no answer: the call ends, nothing stays", serve: pickUp, change: quick, play: byeUnanswered},
		"hangup_before_ack":    {clause: "RFC 3261 §15", what: "we hang up before the ACK: BYE only after it", serve: hangUpAtOnce, play: hangupBeforeAck},
		"lost_ack":             {clause: "RFC 3261 §13.3.1.4", what: "the ACK is lost twice: our 200 is repeated until it comes, then no more", serve: pickUp, change: quick, play: lostAck},
		"lost_200":             {clause: "RFC 3261 §13.3.1.4", what: "our 200 is lost and the INVITE repeated: one call, the 200 again", serve: pickUp, play: lost200},
		"lost_200_of_theirs":   {clause: "RFC 3261 §13.2.2.4", what: "their 200 comes again: its ACK again", play: lost200OfTheirs},
		"never_acked":          {peer: gatewaytest.PeerSIPp, clause: "RFC 3261 §13.3.1.4", what: "no ACK ever: our 200 is repeated, then BYE", serve: pickUp, change: quick, play: neverAcked},
		"glare":                {clause: "RFC 3261 §14.2", what: "re-INVITEs cross: 491, ours again within 2 s", serve: pickUp, change: timed, play: glare},
		"reinvite_crosses_bye": {clause: "RFC 3261 §12.2.2", what: "their re-INVITE crosses our BYE: 481", serve: pickUp, play: reinviteCrossesBye},
		"forked_2xx":           {clause: "RFC 3261 §13.2.2.4", what: "a second 2xx to our INVITE: ACK and BYE, the first wins", play: forked2xx},
		"double_invite":        {clause: "RFC 3261 §8.2.2.2", what: "INVITE repeated: one call; the same by another way: 482; the next before the answer: 500", serve: ring, play: doubleInvite},
	}
}

// rounds of a race: fewer in a hurry.
func rounds(n int) int {
	if testing.Short() {
		return max(1, n/5)
	}
	return n
}

// sockets is how many this process has open.
func sockets(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if to, err := os.Readlink("/proc/self/fd/" + f.Name()); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// wantIdle waits until nothing runs beside the listeners, and looks around.
func (n *node) wantIdle(t *testing.T, open int) {
	t.Helper()
	select {
	case <-n.chores.idle():
	case <-time.After(15 * time.Second):
		t.Error("something still runs")
	}
	if left := n.Calls(); left != 0 {
		t.Errorf("%d dialogs are left", left)
	}
	n.mu.Lock()
	parked := len(n.Gateway.calls.parked)
	n.mu.Unlock()
	if parked != 0 {
		t.Errorf("%d CANCELs are left", parked)
	}
	if now := sockets(t); now != open {
		t.Errorf("%d sockets are open, %d were", now, open)
	}
}

// Pairs come five at a time, so that no socket buffer overflows: this peer
// repeats nothing.
func cancelBefore100(t *testing.T, n *node) {
	p := newPeer(t, n.Addrs().UDP)
	const together = 5
	for round := range rounds(1000) / together {
		for i := range together {
			p.race("race"+itoa(round*together+i), i%2 == 0)
		}
		p.finals(2 * together)
		for range together {
			n.wantEnded(t, contact.CitizenEnded)
			n.call(t)
		}
	}
}

func cancelOfNothing(t *testing.T, n *node) {
	l := phone(t, n, "nothing")
	began := time.Now()
	l.write("CANCEL", 1, "b1", "", "")
	l.status("481", "CANCEL", 1)
	if took := time.Since(began); took < parking {
		t.Errorf("it waited %v for its INVITE", took)
	}
	l.status("487", "INVITE", l.ask("INVITE", "", someSDP)) // it was only late
	l.write("ACK", 1, "b1", "", "")
	n.wantEnded(t, contact.CitizenEnded)
}

func cancelCrosses200(t *testing.T, n *node) {
	for i := range rounds(100) {
		l := phone(t, n, "cross"+itoa(i))
		seq := l.ask("INVITE", "", someSDP)
		to := header(l.expect("SIP/2.0 180"), "To")
		l.write("CANCEL", seq, "b1", "", "")
		m := l.answered("INVITE", seq)
		l.to = to
		if header(m, "To") != to {
			t.Errorf("180 and the final answer differ: %s and %s", to, header(m, "To"))
		}
		if m[8:11] == "487" {
			l.write("ACK", seq, "b1", "", "")
		} else {
			l.ack(seq, "")
			l.hangUp()
		}
		n.wantEnded(t, contact.CitizenEnded)
	}
}

func ourCancelCrosses200(t *testing.T, n *node) {
	for range rounds(50) {
		ctx, cancel := context.WithCancel(t.Context())
		p := newPeer(t, n.Addrs().UDP)
		leg, err := n.Dial(ctx, DialRequest{To: "sip:1@" + p.conn.LocalAddr().String()})
		if err != nil {
			t.Fatal(err)
		}
		invite := p.expect("INVITE ")
		l := p.called(invite)
		l.provisional(invite)
		cancel()
		c := p.expect("CANCEL ", "Reason: Q.850;cause=16")
		if header(c, "Via") != header(invite, "Via") {
			t.Error("the CANCEL has another branch")
		}
		l.take(invite, "200", "", someSDP)
		l.take(c, "200", "", "")
		l.expect("ACK ", "tag=callee")
		l.reply(l.expect("BYE ", "tag=callee"))
		if e := events(t, leg)(gateway.LegGone); e.Cause != contact.CitizenEnded {
			t.Errorf("cause %s", e.Cause)
		}
	}
}

func (l *line) provisional(invite string) {
	l.take(invite, "180", "", "")
}

func ourCancelWaits(t *testing.T, n *node) {
	ctx, cancel := context.WithCancel(t.Context())
	p := newPeer(t, n.Addrs().UDP)
	leg, err := n.Dial(ctx, DialRequest{To: "sip:1@" + p.conn.LocalAddr().String()})
	if err != nil {
		t.Fatal(err)
	}
	invite := p.expect("INVITE ")
	cancel()
	if m := p.receive(300 * time.Millisecond); strings.HasPrefix(m, "CANCEL") {
		t.Error("a CANCEL before any answer")
	}
	l := p.called(invite)
	l.provisional(invite)
	l.take(l.expect("CANCEL "), "200", "", "")
	l.take(invite, "487", "", "")
	l.expect("ACK ")
	events(t, leg)(gateway.LegGone)
}

func ourCancelUnheard(t *testing.T, n *node) {
	ctx, cancel := context.WithCancel(t.Context())
	p := newPeer(t, n.Addrs().UDP)
	leg, err := n.Dial(ctx, DialRequest{To: "sip:1@" + p.conn.LocalAddr().String()})
	if err != nil {
		t.Fatal(err)
	}
	invite := p.expect("INVITE ")
	p.called(invite).provisional(invite)
	cancel()
	p.expect("CANCEL ")
	if e := events(t, leg)(gateway.LegGone); e.Cause != contact.CitizenEnded {
		t.Errorf("cause %s", e.Cause)
	}
}

func inviteUnheard(t *testing.T, n *node) {
	_, leg, _ := dial(t, n)
	if e := events(t, leg)(gateway.LegGone); e.Cause != contact.NodeLost || leg.Status() != 0 {
		t.Errorf("cause %s, status %d", e.Cause, leg.Status())
	}
}

func cancelAfter200(t *testing.T, n *node) {
	for i := range rounds(50) {
		l := phone(t, n, "after"+itoa(i))
		seq := l.ask("INVITE", "", someSDP)
		m := l.status("200", "INVITE", seq)
		l.write("CANCEL", seq, "b1", "", "")
		l.status("200", "CANCEL", seq)
		l.to = header(m, "To")
		l.ack(seq, "")
		if in := n.call(t); in.Answered(t) == nil {
			t.Error("the call is gone")
		}
		l.hangUp()
		n.wantEnded(t, contact.CitizenEnded)
	}
}

func byeBeforeAck(t *testing.T, n *node) {
	for i := range rounds(50) {
		l := phone(t, n, "early"+itoa(i))
		seq := l.ask("INVITE", "", someSDP)
		l.to = header(l.status("200", "INVITE", seq), "To")
		l.hangUp()
		n.wantEnded(t, contact.CitizenEnded)
		l.ack(seq, "")
		if i == 0 && l.receive(time.Second) != "" {
			t.Error("the 200 came again")
		}
	}
}

func byeBeforeAnswer(t *testing.T, n *node) {
	l := phone(t, n, "ringing")
	l.ask("INVITE", "", someSDP)
	l.to = header(l.expect("SIP/2.0 180"), "To")
	bye := l.ask("BYE", "", "")
	got := map[string]string{}
	for len(got) < 2 {
		m := l.expect("SIP/2.0 ")
		got[header(m, "CSeq")] = m[8:11]
	}
	if got["1 INVITE"] != "487" || got[itoa(bye)+" BYE"] != "200" {
		t.Errorf("answered %v", got)
	}
	l.write("ACK", 1, "b1", "", "")
	n.wantEnded(t, contact.CitizenEnded)
}

func byesCross(t *testing.T, n *node) {
	for i := range rounds(50) {
		l := phone(t, n, "both"+itoa(i))
		l.establish("", someSDP)
		in := n.call(t)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = in.Hangup(t.Context(), contact.AgentEnded)
		}()
		seq := l.ask("BYE", "", "")
		ours, theirs := false, false
		for !theirs || !ours {
			m := l.receive(5 * time.Second)
			switch {
			case m == "":
				t.Fatalf("answered: ours %t, theirs %t", ours, theirs)
			case strings.HasPrefix(m, "BYE "):
				l.reply(m)
				theirs = true
			case header(m, "CSeq") == itoa(seq)+" BYE":
				ours = true
				theirs = theirs || m[8:11] == "200" // it came first: no BYE of theirs
			}
		}
		<-done
		<-n.ended
	}
}

func byeUnanswered(t *testing.T, n *node) {
	l := phone(t, n, "deaf")
	l.establish("", someSDP)
	if err := n.call(t).Hangup(t.Context(), contact.AgentEnded); err != nil {
		t.Error(err)
	}
	l.expect("BYE ")
	n.wantEnded(t, contact.AgentEnded)
}

func hangUpAtOnce(ctx context.Context, in *Inbound) {
	go func() { _ = in.Hangup(ctx, contact.AgentEnded) }()
	pickUp(ctx, in)
}

func hangupBeforeAck(t *testing.T, n *node) {
	for i := range rounds(20) {
		l := phone(t, n, "leaving"+itoa(i))
		seq := l.ask("INVITE", "", someSDP)
		m := l.answered("INVITE", seq)
		if m[8:11] != "200" { // refused before it was answered
			l.write("ACK", seq, "b1", "", "")
			n.wantEnded(t, contact.AgentEnded)
			continue
		}
		l.to = header(m, "To")
		if m := l.receive(50 * time.Millisecond); strings.HasPrefix(m, "BYE") {
			t.Error("BYE before the ACK")
		}
		l.ack(seq, "")
		l.reply(l.expect("BYE "))
		n.wantEnded(t, contact.AgentEnded)
	}
}

func lostAck(t *testing.T, n *node) {
	l := phone(t, n, "lost")
	seq := l.ask("INVITE", "", someSDP)
	for range 3 {
		l.to = header(l.status("200", "INVITE", seq), "To")
	}
	l.ack(seq, "")
	if in := n.call(t); in.Answered(t) == nil {
		t.Fatal("not talking")
	}
	for l.receive(20*time.Millisecond) != "" { // what was under way
	}
	if m := l.receive(500 * time.Millisecond); m != "" {
		t.Errorf("after the ACK came\n%s", m)
	}
	l.hangUp()
	n.wantEnded(t, contact.CitizenEnded)
}

func lost200(t *testing.T, n *node) {
	l := phone(t, n, "lost200")
	seq := l.ask("INVITE", "", someSDP)
	first := l.status("200", "INVITE", seq)
	for range 5 {
		l.write("INVITE", seq, "b1", "", someSDP)
	}
	if again := l.status("200", "INVITE", seq); again != first {
		t.Errorf("the 200 has changed:\n%s\nwas\n%s", again, first)
	}
	l.to = header(first, "To")
	l.ack(seq, "")
	n.call(t)
	if len(n.calls) != 0 {
		t.Error("a second call began")
	}
	l.hangUp()
	n.wantEnded(t, contact.CitizenEnded)
}

func lost200OfTheirs(t *testing.T, n *node) {
	l, leg, invite := dial(t, n)
	for range 4 {
		l.take(invite, "200", "", someSDP)
		l.expect("ACK ", "tag=callee", "CSeq: 1 ACK")
	}
	events(t, leg)(gateway.LegAnswered)
	l.to = header(invite, "From")
	l.hangUp()
	events(t, leg)(gateway.LegGone)
}

func neverAcked(t *testing.T, n *node) {
	sipp(t, "uac_noack", n.Addrs().UDP, "-m", itoa(rounds(50)), "-r", "50")
	for range rounds(50) {
		n.wantEnded(t, contact.MediaLost)
	}
}

func glare(t *testing.T, n *node) {
	l := phone(t, n, "glare")
	l.establish("Supported: timer\r\nSession-Expires: 10;refresher=uas\r\n", someSDP)
	l.glare(t, 0, 2*time.Second)
	l.hangUp()
	n.wantEnded(t, contact.CitizenEnded)
}

func reinviteCrossesBye(t *testing.T, n *node) {
	l := phone(t, n, "cross")
	l.establish("", someSDP)
	go func() { _ = n.call(t).Hangup(t.Context(), contact.AgentEnded) }()
	bye := l.expect("BYE ", "Reason: Q.850;cause=16")
	n.wantEnded(t, contact.AgentEnded)
	seq := l.ask("INVITE", "", someSDP)
	l.status("481", "INVITE", seq)
	l.write("ACK", seq, "b"+itoa(seq), "", "")
	l.reply(bye)
}

func forked2xx(t *testing.T, n *node) {
	for range rounds(20) {
		p := newPeer(t, n.Addrs().UDP)
		leg, err := n.Dial(t.Context(), DialRequest{To: "sip:1@" + p.conn.LocalAddr().String()})
		if err != nil {
			t.Fatal(err)
		}
		invite := p.expect("INVITE ")
		p.answer(invite, "one")
		p.expect("ACK ", "tag=one")
		events(t, leg)(gateway.LegAnswered)
		p.answer(invite, "two")
		p.expect("ACK ", "tag=two")
		p.reply(p.expect("BYE ", "tag=two"))
		p.answer(invite, "one")
		p.expect("ACK ", "tag=one")
		if n.Calls() != 1 {
			t.Error("the winner is gone")
		}
		go func() { _ = leg.Hangup(t.Context(), contact.AgentEnded) }()
		p.reply(p.expect("BYE ", "tag=one"))
		events(t, leg)(gateway.LegGone)
	}
}

func doubleInvite(t *testing.T, n *node) {
	l := phone(t, n, "double")
	seq := l.ask("INVITE", "", someSDP)
	for range 10 {
		l.write("INVITE", seq, "b1", "", someSDP)
	}
	to := header(l.expect("SIP/2.0 180"), "To")
	l.write("INVITE", seq, "otherway", "", someSDP)
	l.status("482", "INVITE", seq)
	l.write("ACK", seq, "otherway", "", "")
	l.to = to
	second := l.ask("INVITE", "", someSDP)
	l.status("500", "INVITE", second, "Retry-After: ")
	l.write("ACK", second, "b"+itoa(second), "", "")
	n.call(t)
	if len(n.calls) != 0 {
		t.Errorf("%d further calls began", len(n.calls))
	}
	l.to = "<sip:12345@127.0.0.1>"
	l.write("CANCEL", seq, "b1", "", "")
	l.status("487", "INVITE", seq)
	l.write("ACK", seq, "b1", "", "")
	n.wantEnded(t, contact.CitizenEnded)
}
