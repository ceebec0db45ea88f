package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/gatewaytest"
	"hotline/media/rtp"
)

// Hold by every method and both requests, each mirrored; the version of our
// description rises with each change and stays without one. The audio stops
// where the peer wants none, and comes back.
func TestHoldAndResume(t *testing.T) {
	t.Parallel()
	holds := map[string]struct {
		more, ours string
		held       bool // no address
		hears      bool // they still want to hear us
	}{
		"sendonly": {"a=sendonly", "a=recvonly", false, false},
		"inactive": {"a=inactive", "a=inactive", false, false},
		"0.0.0.0":  {"", "a=recvonly", true, false},
		"recvonly": {"a=recvonly", "a=sendonly", false, true},
	}
	for name, hold := range holds {
		for _, method := range []string{"INVITE", "UPDATE"} {
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3264 §8.4", "hold by "+name+" in "+method+", resumed: mirrored, version +1 on each change, audio stops and returns")
				n := startNode(t, echo)
				e, l := newEar(t), phone(t, n, "hold")
				m := l.establish("", stream(1, e.at(), "8 101"))
				to, version := mediaOf(t, m), origin(t, m)
				e.wantEcho(to, 8)
				at := e.at()
				if hold.held {
					at = "0.0.0.0:" + strconv.Itoa(int(netip.MustParseAddrPort(e.at()).Port()))
				}
				m = l.offer(method, stream(2, at, "8 101", hold.more))
				wantPart(t, m, hold.ours)
				wantVersion(t, m, version+1)
				if hold.hears {
					e.wantEcho(to, 8)
				} else {
					e.wantSilence(to, 8)
				}
				wantVersion(t, l.offer(method, stream(2, at, "8 101", hold.more)), version+1) // unchanged
				m = l.offer(method, stream(3, e.at(), "8 101"))
				wantPart(t, m, "a=sendrecv")
				wantVersion(t, m, version+2)
				if got := mediaOf(t, m); got != to {
					t.Errorf("our audio moved from %s to %s", to, got)
				}
				e.wantEcho(to, 8)
				l.hangUp()
				n.wantEnded(t, contact.CitizenEnded)
			})
		}
	}
}

// offer sends an offer within the dialog and acknowledges the answer.
func (l *line) offer(method, body string) string {
	l.t.Helper()
	seq := l.ask(method, "", body)
	m := l.status("200", method, seq)
	if method == "INVITE" {
		l.ack(seq, "")
	}
	return m
}

func wantPart(t *testing.T, m, part string) {
	t.Helper()
	if !strings.Contains(m, part) {
		t.Errorf("no %q in\n%s", part, m)
	}
}

func wantVersion(t *testing.T, m string, want int) {
	t.Helper()
	if got := origin(t, m); got != want {
		t.Errorf("our description has version %d, want %d", got, want)
	}
}

// Who holds us may be silent as long as it likes; who has resumed may not.
func TestSilenceOfWhoHoldsUsIsNoDeath(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3264 §8.4", "the peer holds and sends nothing: the call stays; resumed and silent: BYE")
	const silence = 600 * time.Millisecond
	n := startNode(t, echo, func(o *Options) { o.Ports = silentAfter(t, silence) })
	e, l := newEar(t), phone(t, n, "quiet")
	l.establish("", stream(1, e.at(), "8 101"))
	l.offer("INVITE", stream(2, e.at(), "8 101", "a=sendonly"))
	select {
	case <-n.ended:
		t.Fatal("the call ended while it was held")
	case <-time.After(3 * silence):
	}
	e.wantEcho(mediaOf(t, l.offer("INVITE", stream(3, e.at(), "8 101"))), 8)
	l.reply(l.expect("BYE ", `Q.850;cause=`)) // nothing more is said
	n.wantEnded(t, contact.MediaLost)
}

func silentAfter(t *testing.T, d time.Duration) *rtp.Ports {
	t.Helper()
	return gatewaytest.NewPorts(t, rtp.Config{Address: netip.MustParseAddr("127.0.0.1"), Silence: d})
}

// Another codec, another port, another host of the trunk's: the audio follows.
// A foreign host: 488, and everything stays.
func TestReofferMovesTheAudio(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"INVITE", "UPDATE"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3264 §8.3", method+" with another law, port or a foreign address: the audio follows, or 488 and the call stays")
			n := startNode(t, echo)
			a, b, l := newEar(t), newEar(t), phone(t, n, "move")
			to := mediaOf(t, l.establish("", stream(1, a.at(), "8 101")))
			a.wantEcho(to, 8)
			wantPart(t, l.offer(method, stream(2, a.at(), "0 101")), "RTP/AVP 0 101")
			a.wantEcho(to, 0)
			wantPart(t, l.offer(method, stream(3, b.at(), "0 8 101")), "RTP/AVP 8 101")
			b.wantEcho(to, 8)
			a.wantSilence(to, 8)
			for _, foreign := range []string{"192.0.2.1:4000", "224.0.0.1:4000"} {
				seq := l.ask(method, "", stream(4, foreign, "8"))
				l.status("488", method, seq, "Warning:")
				if method == "INVITE" {
					l.write("ACK", seq, "b"+strconv.Itoa(seq), "", "")
				}
			}
			seq := l.ask(method, "", stream(4, b.at(), "18"))
			l.status("488", method, seq)
			b.wantEcho(to, 8)
			l.hangUp()
			n.wantEnded(t, contact.CitizenEnded)
		})
	}
}

// A new Contact is the new target: our BYE goes there (RFC 3261 §12.2).
func TestTargetRefresh(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]func(l *line){
		"INVITE":          func(l *line) { l.offer("INVITE", stream(1, someMedia, "8 101")) },
		"UPDATE":          func(l *line) { l.offer("UPDATE", stream(1, someMedia, "8 101")) },
		"UPDATE, no body": func(l *line) { l.offer("UPDATE", "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §12.2.2", "a new Contact in "+name+": our BYE goes to it")
			n := startNode(t, pickUp)
			l, moved := phone(t, n, "target"), newPeer(t, n.Addrs().UDP)
			l.establish("", someSDP)
			l.contact = "<sip:moved@" + moved.conn.LocalAddr().String() + ">"
			move(l)
			go func() { _ = n.call(t).Hangup(t.Context(), contact.AgentEnded) }()
			bye := moved.expect("BYE sip:moved@" + moved.conn.LocalAddr().String())
			moved.reply(bye)
			n.wantEnded(t, contact.AgentEnded)
		})
	}
}

// Late offers: ours goes in the 200, theirs is the ACK's answer. Ours keeps
// every m-line and payload type of before; a bad answer ends the call.
func TestLateOffers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		first  string // offer of the INVITE
		answer string // to our late offer in the re-INVITE; "": none at all
		want   []string
		good   bool
	}{
		"after a late offer":   {"", stream(2, someMedia, "0 101"), []string{"RTP/AVP 8 0 101"}, true},
		"after theirs":         {someSDP, stream(2, someMedia, "8"), []string{"RTP/AVP 8 0 101", "a=sendrecv"}, true},
		"other payload types":  {strings.ReplaceAll(someSDP, "101", "97"), stream(2, someMedia, "8 97"), []string{"RTP/AVP 8 0 97", "a=rtpmap:97 telephone-event"}, true},
		"with a refused video": {someSDP + "m=video 40002 RTP/AVP 96\r\n", stream(2, someMedia, "8 101") + "m=video 0 RTP/AVP 96\r\n", []string{"RTP/AVP 8 0 101", "m=video 0 RTP/AVP 96"}, true},
		"foreign address":      {someSDP, stream(2, "192.0.2.1:4000", "8 101"), nil, false},
		"no answer":            {someSDP, "", nil, false},
		"no codec of ours":     {someSDP, stream(2, someMedia, "18"), nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3264 §8", "re-INVITE without an offer, "+name+": ours in the 200, the answer in the ACK, BYE when that is bad")
			n := startNode(t, pickUp)
			l := phone(t, n, "late")
			l.establish("", tt.first)
			seq := l.ask("INVITE", "", "")
			l.status("200", "INVITE", seq, tt.want...)
			l.ack(seq, tt.answer)
			if tt.good {
				l.hangUp()
				n.wantEnded(t, contact.CitizenEnded)
				return
			}
			l.reply(l.expect("BYE "))
			n.wantEnded(t, contact.MediaLost)
		})
	}
}

// Before the ACK: an UPDATE is answered, and does not spoil the ACK; with our
// own offer outstanding another offer has to wait.
func TestUpdateBeforeTheACK(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3311 §5.2", "UPDATE before the ACK: 200, and the ACK still counts; 491 while our offer is open")
	n := startNode(t, pickUp)
	l := phone(t, n, "early")
	invite := l.ask("INVITE", "", someSDP)
	l.to = header(l.status("200", "INVITE", invite), "To")
	l.status("200", "UPDATE", l.ask("UPDATE", "", stream(2, someMedia, "8 101", "a=sendonly")), "a=recvonly")
	l.status("200", "UPDATE", l.ask("UPDATE", "", ""))
	if in := n.call(t); in.Media() != nil {
		t.Error("talking before the ACK")
	}
	l.ack(invite, "")
	l.hangUp()
	n.wantEnded(t, contact.CitizenEnded)

	late := phone(t, n, "lateearly")
	invite = late.ask("INVITE", "", "")
	late.to = header(late.status("200", "INVITE", invite), "To")
	late.status("491", "UPDATE", late.ask("UPDATE", "", someSDP))
	seq := late.ask("INVITE", "", someSDP)
	late.status("491", "INVITE", seq)
	late.status("200", "UPDATE", late.ask("UPDATE", "", ""))
	late.ack(invite, someSDP)
	late.hangUp()
	n.wantEnded(t, contact.CitizenEnded)
}

// Before our final answer: no second INVITE and no second offer.
func TestRequestsBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §14.2", "second INVITE or offer before our final answer: 500 with Retry-After of 0 to 10")
	n := startNode(t, func(ctx context.Context, in *Inbound) { _ = in.Ring(ctx) })
	l := phone(t, n, "twice")
	l.ask("INVITE", "", someSDP)
	l.to = header(l.expect("SIP/2.0 180"), "To")
	for _, method := range []string{"INVITE", "UPDATE"} {
		m := l.status("500", method, l.ask(method, "", someSDP))
		if after, err := strconv.Atoi(header(m, "Retry-After")); err != nil || after < 0 || after > 10 {
			t.Errorf("%s: Retry-After %q", method, header(m, "Retry-After"))
		}
	}
	l.status("200", "UPDATE", l.ask("UPDATE", "", ""))
	l.status("200", "BYE", l.ask("BYE", "", ""))
	n.wantEnded(t, contact.CitizenEnded)
}

// A re-INVITE whose ACK was lost or overtaken shows that the 200 has arrived.
func TestReInviteStandsForALostACK(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 5407 §3.1.5", "re-INVITE before the ACK of the INVITE: answered, and the call talks")
	n := startNode(t, pickUp)
	l := phone(t, n, "overtaken")
	invite := l.ask("INVITE", "", someSDP)
	l.to = header(l.status("200", "INVITE", invite), "To")
	seq := l.ask("INVITE", "", stream(2, someMedia, "8 101", "a=sendonly"))
	l.status("200", "INVITE", seq, "a=recvonly")
	l.ack(invite, "") // late
	l.ack(seq, "")
	if in := n.call(t); in.Answered(t) == nil {
		t.Error("not talking")
	}
	l.hangUp()
	n.wantEnded(t, contact.CitizenEnded)
}

// Answered waits until the call talks.
func (i *Inbound) Answered(t *testing.T) gateway.Leg {
	t.Helper()
	select {
	case <-i.confirmed:
		return i
	case <-time.After(5 * time.Second):
		return nil
	}
}

// A number that does not rise is out of order (RFC 3261 §12.2.2).
func TestOldCSeq(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §12.2.2", "a request with an older CSeq: 500, and the call stays")
	n := startNode(t, pickUp)
	l := phone(t, n, "old")
	l.seq = 10
	l.establish("", someSDP)
	for i, method := range []string{"INVITE", "UPDATE", "BYE"} {
		l.write(method, 5+i, fmt.Sprintf("old%d", i), "", "")
		l.status("500", method, 5+i)
	}
	l.hangUp()
	n.wantEnded(t, contact.CitizenEnded)
}
