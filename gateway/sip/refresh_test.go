package sip

import (
	"strings"
	"testing"
	"time"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/gatewaytest"
)

// timed keeps session timers of seconds, for a test's sake.
func timed(o *Options) {
	o.Config.SessionExpires = 30 * time.Minute
	o.Timers.MinSE = time.Second
}

const (
	takesUpdate = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n"
	weRefresh   = "Supported: timer\r\nSession-Expires: 2;refresher=uas\r\n"
)

func TestSessionTimerIsAgreed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ said, want, never string }{
		"they refresh":     {"Supported: timer\r\nSession-Expires: 600;refresher=uac\r\n", "\r\nRequire: timer\r\nSession-Expires: 600;refresher=uac\r\n", ""},
		"we refresh":       {"Supported: timer\r\nx: 600;refresher=uas\r\n", "\r\nSession-Expires: 600;refresher=uas\r\n", "Require:"},
		"required":         {"Require: timer\r\nSession-Expires: 7200\r\n", "\r\nSession-Expires: 1800;refresher=uas\r\n", "Require:"},
		"asks for nothing": {"Supported: timer\r\n", "\r\nSession-Expires: 1800;refresher=uas\r\n", "Require:"},
		"knows none":       {"", "\r\nSupported: timer\r\n", "Session-Expires:"},
	}
	n := startNode(t, pickUp, func(o *Options) { o.Config.SessionExpires = 30 * time.Minute })
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 4028 §9", "INVITE, "+name+": the interval and the refresher in our 200")
			l := phone(t, n, strings.ReplaceAll(name, " ", ""))
			m := l.establish(tt.said, someSDP)
			if !strings.Contains(m, tt.want) || (tt.never != "" && strings.Contains(m, tt.never)) {
				t.Errorf("answered\n%s", m)
			}
			l.hangUp()
			n.wantEnded(t, contact.CitizenEnded)
		})
	}
}

func TestSessionIntervalTooSmall(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 4028 §9", "INVITE and UPDATE with an interval below the least: 422 with Min-SE; with a longer one: 200")
	n := startNode(t, pickUp, func(o *Options) { o.Config.SessionExpires = 30 * time.Minute })
	l := phone(t, n, "small")
	seq := l.ask("INVITE", "Supported: timer\r\nSession-Expires: 30\r\n", someSDP)
	l.status("422", "INVITE", seq, "\r\nMin-SE: 90\r\n")
	l.write("ACK", seq, "b1", "", "")
	if n.Calls() != 0 {
		t.Error("a call began")
	}
	l.establish("Supported: timer\r\nSession-Expires: 90\r\nMin-SE: 90\r\n", someSDP)
	l.status("422", "UPDATE", l.ask("UPDATE", "Supported: timer\r\nSession-Expires: 89\r\n", ""), "\r\nMin-SE: 90\r\n")
	l.status("200", "UPDATE", l.ask("UPDATE", "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n", ""), "Session-Expires: 90;refresher=uac")
	l.hangUp()
	n.wantEnded(t, contact.CitizenEnded)
}

func TestSessionTimersOff(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §8.2.2.3", "session timers off: not offered, not kept, 420 to who requires them")
	n := startNode(t, pickUp)
	l := phone(t, n, "off")
	seq := l.ask("INVITE", "Require: timer\r\n", someSDP)
	l.status("420", "INVITE", seq, "\r\nUnsupported: timer\r\n")
	l.write("ACK", seq, "b1", "", "")
	m := l.establish("Supported: timer\r\nSession-Expires: 30\r\n", someSDP)
	if strings.Contains(m, "timer") || strings.Contains(m, "Session-Expires") {
		t.Errorf("answered\n%s", m)
	}
	l.hangUp()
	n.wantEnded(t, contact.CitizenEnded)
}

// We refresh at half the interval: by UPDATE, which describes nothing, where
// the peer takes it; else by re-INVITE with the description unchanged.
func TestWeRefresh(t *testing.T) {
	t.Parallel()
	for method, allow := range map[string]string{"UPDATE": takesUpdate, "INVITE": ""} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 4028 §10", "we are the refresher: "+method+" at half the interval, again and again")
			n := startNode(t, echo, timed)
			e, l := newEar(t), phone(t, n, "half"+method)
			m := l.establish(weRefresh+allow, stream(1, e.at(), "8 101"))
			before, to, began := bodyOf(m), mediaOf(t, m), time.Now()
			for range 3 {
				r := l.expect(method + " ")
				if took := time.Since(began); took < 900*time.Millisecond || took > 1900*time.Millisecond {
					t.Errorf("the refresh came after %v", took)
				}
				began = time.Now()
				wantPart(t, r, "Session-Expires: 2;refresher=uac")
				wantPart(t, r, "Min-SE: 1")
				l.confirm(t, r, before, e.at())
			}
			e.wantEcho(to, 8)
			l.hangUp()
			n.wantEnded(t, contact.CitizenEnded)
		})
	}
}

// confirm answers a refresh; the 200 of a re-INVITE twice, as if its ACK had
// been lost.
func (l *line) confirm(t *testing.T, request, before, at string) {
	t.Helper()
	const terms = "Session-Expires: 2;refresher=uac\r\n"
	if strings.HasPrefix(request, "UPDATE") {
		if bodyOf(request) != "" {
			t.Errorf("the UPDATE describes %q", bodyOf(request))
		}
		l.take(request, "200", terms, "")
		return
	}
	if bodyOf(request) != before {
		t.Errorf("the re-INVITE describes\n%s\nbefore it was\n%s", bodyOf(request), before)
	}
	for range 2 {
		l.take(request, "200", terms, stream(1, at, "8 101"))
		ack := l.expect("ACK ")
		wantPart(t, ack, strings.Replace(header(request, "CSeq"), "INVITE", "ACK", 1))
	}
}

func bodyOf(m string) string {
	_, body, _ := strings.Cut(m, "\r\n\r\n")
	return body
}

// The peer refreshes: as long as it does, the call lives; a third before the
// end of an interval without, it gets a BYE.
func TestTheyRefresh(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 4028 §10", "the peer is the refresher: the call lives as long as it refreshes, then BYE before the interval ends")
	n := startNode(t, pickUp, timed)
	l := phone(t, n, "theirs")
	const terms = "Supported: timer\r\nSession-Expires: 3;refresher=uac\r\n"
	l.establish(terms, someSDP)
	for range 2 {
		select {
		case <-n.ended:
			t.Fatal("ended between two refreshes")
		case <-time.After(1200 * time.Millisecond):
		}
		l.status("200", "UPDATE", l.ask("UPDATE", terms, ""), "Require: timer", "Session-Expires: 3;refresher=uac")
	}
	began := time.Now()
	l.reply(l.expect("BYE ", "Reason: Q.850;cause="))
	if took := time.Since(began); took < 1900*time.Millisecond || took > 2900*time.Millisecond {
		t.Errorf("the BYE came after %v, want 2 s", took)
	}
	n.wantEnded(t, contact.MediaLost)
}

// A refresh that is refused is tried in another way, or with more time.
func TestRefreshIsRefused(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 4028 §7.4", "405 to our UPDATE: re-INVITE; 422 to a refresh: again with the peer's Min-SE")
	n := startNode(t, pickUp, timed)
	l := phone(t, n, "refused")
	l.establish(weRefresh+takesUpdate, someSDP)
	l.take(l.expect("UPDATE "), "405", "", "")
	r := l.expect("INVITE ")
	l.take(r, "422", "Min-SE: 4\r\n", "")
	l.expect("ACK ", header(r, "Via"))
	r = l.expect("INVITE ", "Session-Expires: 4;refresher=uac")
	l.take(r, "200", "Session-Expires: 4;refresher=uac\r\n", someSDP)
	l.expect("ACK ")
	l.expect("INVITE ", "Session-Expires: 4;refresher=uac") // no UPDATE any more
	l.take(r, "500", "", "")
	l.hangUp()
	n.wantEnded(t, contact.CitizenEnded)
}

// Who has lost our session, or says nothing, gets a BYE.
func TestRefreshFindsNobody(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"408", "481", "no answer", "no description"} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 4028 §10", "our refresh gets "+answer+": BYE")
			n := startNode(t, pickUp, timed, func(o *Options) { o.Timers.T1 = 20 * time.Millisecond })
			l := phone(t, n, "nobody")
			allow := takesUpdate
			if answer == "no description" {
				allow = ""
			}
			l.establish("Supported: timer\r\nSession-Expires: 5;refresher=uas\r\n"+allow, someSDP)
			switch answer {
			case "no answer":
				l.expect("UPDATE ")
			case "no description":
				l.take(l.expect("INVITE "), "200", "", "")
				l.expect("ACK ")
			default:
				l.take(l.expect("UPDATE "), answer, "", "")
			}
			l.reply(l.expect("BYE "))
			n.wantEnded(t, contact.MediaLost)
		})
	}
}

// Both ask at once: both say 491. We come again, sooner when the Call-ID is
// the peer's (RFC 3261 §14.1).
func TestGlare(t *testing.T) {
	t.Parallel()
	t.Run("their Call-ID", func(t *testing.T) {
		t.Parallel()
		n := startNode(t, pickUp, timed)
		l := phone(t, n, "glare")
		l.establish("Supported: timer\r\nSession-Expires: 10;refresher=uas\r\n", someSDP)
		l.glare(t, 0, 2*time.Second)
		l.hangUp()
		n.wantEnded(t, contact.CitizenEnded)
	})
	t.Run("our Call-ID", func(t *testing.T) {
		t.Parallel()
		n := startNode(t, nil, timed)
		l, leg, invite := dial(t, n)
		l.take(invite, "200", "Session-Expires: 20;refresher=uac\r\n", someSDP)
		l.expect("ACK ")
		events(t, leg)(gateway.LegAnswered)
		l.glare(t, 2100*time.Millisecond, 4*time.Second)
		l.hangUp()
		events(t, leg)(gateway.LegGone)
	})
}

func (l *line) glare(t *testing.T, least, most time.Duration) {
	t.Helper()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §14.1", "re-INVITEs cross: 491 from both, ours comes again in time")
	ours := l.await("INVITE ", 15*time.Second)
	seq := l.ask("INVITE", "", stream(2, someMedia, "8 101"))
	l.status("491", "INVITE", seq)
	l.write("ACK", seq, "b"+itoa(seq), "", "")
	l.status("491", "UPDATE", l.ask("UPDATE", "", stream(2, someMedia, "8 101")))
	l.status("200", "UPDATE", l.ask("UPDATE", "", ""), "Session-Expires:") // offers nothing
	l.take(ours, "491", "", "")
	began := time.Now()
	l.expect("ACK ", header(ours, "Via"))
	again := l.await("INVITE ", 10*time.Second)
	if took := time.Since(began); took < least || took > most+time.Second {
		t.Errorf("it came again after %v, want %v to %v", took, least, most)
	}
	if header(again, "CSeq") == header(ours, "CSeq") {
		t.Error("it is only repeated")
	}
	l.take(again, "200", "", stream(2, someMedia, "8 101"))
	l.expect("ACK ")
	seq = l.ask("INVITE", "", stream(3, someMedia, "8 101", "a=sendonly"))
	l.status("200", "INVITE", seq, "a=recvonly")
	l.ack(seq, "")
}

// await is expect with more patience.
func (l *line) await(start string, d time.Duration) string {
	l.t.Helper()
	for end := time.Now().Add(d); ; {
		m := l.receive(time.Until(end))
		if m == "" {
			l.t.Fatalf("no %q within %v", start, d)
		}
		if strings.HasPrefix(m, start) {
			return m
		}
	}
}

// Our INVITE asks for a session timer; a 422 gets the interval it wants.
func TestOutboundSessionTimer(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 4028 §7.3", "422 to our INVITE: the same call with the peer's Min-SE and the next CSeq; refreshed by who said so")
	n := startNode(t, nil, timed)
	l, leg, invite := dial(t, n)
	for _, part := range []string{"\r\nSupported: timer\r\n", "\r\nSession-Expires: 1800\r\n", "\r\nMin-SE: 1\r\n", " UPDATE"} {
		wantPart(t, invite, part)
	}
	l.take(invite, "422", "Min-SE: 3600\r\n", "")
	l.expect("ACK ", header(invite, "Via"))
	second := l.expect("INVITE ", "CSeq: 2 INVITE", "Session-Expires: 3600\r\n", "Min-SE: 3600\r\n")
	if header(second, "Call-ID") != header(invite, "Call-ID") || header(second, "From") != header(invite, "From") || header(second, "Via") == header(invite, "Via") {
		t.Errorf("the second INVITE is no retry:\n%s", second)
	}
	l.take(second, "200", takesUpdate+"Session-Expires: 2;refresher=uac\r\n", someSDP)
	l.expect("ACK ", "CSeq: 2 ACK")
	events(t, leg)(gateway.LegAnswered)
	l.take(l.expect("UPDATE ", "CSeq: 3 UPDATE"), "200", "Session-Expires: 2;refresher=uas\r\n", "") // now they refresh
	bye := l.expect("BYE ", "CSeq: 4 BYE")                                                           // and do not
	l.reply(bye)
	if e := events(t, leg)(gateway.LegGone); e.Cause != contact.MediaLost {
		t.Errorf("cause %s", e.Cause)
	}
}

// A 422 that asks for nothing more is a refusal like any other.
func TestOutboundSessionTimerImpossible(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil, timed)
	l, leg, invite := dial(t, n)
	l.take(invite, "422", "Min-SE: 90\r\n", "")
	if e := events(t, leg)(gateway.LegGone); e.Cause != contact.Internal || leg.Status() != 422 {
		t.Errorf("cause %s, status %d", e.Cause, leg.Status())
	}
}
