package sip

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/gatewaytest"
)

// An answer over 1,300 octets leaves over UDP all the same, with every Via and
// Record-Route in its place; what we send later takes the route.
func TestLargeAnswerOverUDP(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §18.1.1", "INVITE with six Via and four Record-Route over UDP: the 200 of more than 1300 octets arrives, our BYE takes the route in order")
	n := startNode(t, pickUp)
	l := phone(t, n, "large")
	at := l.conn.LocalAddr().String()
	var head strings.Builder
	for i := range 5 {
		fmt.Fprintf(&head, "Via: SIP/2.0/UDP 192.0.2.%d:5060;branch=z9hG4bKhop%d%s\r\n", i, i, strings.Repeat("v", 60))
	}
	for i := range 4 {
		fmt.Fprintf(&head, "Record-Route: <sip:%s;lr;ftag=%s;hop=%d>\r\n", at, strings.Repeat("r", 40), i)
	}
	m := l.establish(head.String(), someSDP)
	if len(m) < 1300 {
		t.Errorf("the answer has only %d octets", len(m))
	}
	if got := copied(m, "Record-Route:"); got != copied(head.String(), "Record-Route:") {
		t.Errorf("it records the route\n%s", got)
	}
	if got := copied(m, "Via:"); !strings.HasSuffix(got, copied(head.String(), "Via:")) {
		t.Errorf("it goes by\n%s", got)
	}
	go func() { _ = n.call(t).Hangup(t.Context(), contact.AgentEnded) }()
	bye := l.expect("BYE sip:c@" + at)
	if got, want := copied(bye, "Route:"), strings.ReplaceAll(copied(head.String(), "Record-Route:"), "Record-Route", "Route"); got != want {
		t.Errorf("the BYE takes\n%s\nwant\n%s", got, want)
	}
	l.reply(bye)
	n.wantEnded(t, contact.AgentEnded)
}

// Who sends one datagram and is not known leaves nothing behind.
func TestStrangersLeaveNoConnection(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §18.2.1", "many unknown sources of one datagram each: none is remembered, the listener lives on")
	n := startNode(t, pickUp, func(o *Options) { o.Config.Trunks[0].Addresses = []string{"127.0.0.9"} })
	friend := newPeerAt(t, n.Addrs().UDP, "127.0.0.9")
	ask := func(id string) {
		friend.send(friend.message("OPTIONS", id, id, "", "", ""))
		friend.expect("SIP/2.0 200", "Call-ID: "+id)
	}
	ask("before")
	before := n.transport.Pool("udp").Size()
	for i := range 500 {
		s := newPeerAt(t, n.Addrs().UDP, fmt.Sprintf("127.0.1.%d", 1+i%250))
		s.send(s.message("OPTIONS", "s"+itoa(i), "s"+itoa(i), "", "", ""))
		_ = s.conn.Close()
	}
	ask("after")
	if now := n.transport.Pool("udp").Size(); now != before {
		t.Errorf("%d connections are known, %d were", now, before)
	}
}

func TestOutOfDialog(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §12.2.2", "BYE, UPDATE, re-INVITE and CANCEL of no dialog: 481; OPTIONS: 200 with what we can do; INFO: 405")
	n := startNode(t, pickUp)
	l := phone(t, n, "none")
	l.status("200", "OPTIONS", l.ask("OPTIONS", "", ""), "\r\nAllow: ", "\r\nAccept: application/sdp", "\r\nSupported:")
	l.status("481", "CANCEL", l.ask("CANCEL", "", ""))
	l.to += ";tag=guess"
	for _, method := range []string{"BYE", "UPDATE", "INVITE", "OPTIONS"} {
		l.status("481", method, l.ask(method, "", ""))
	}
	l.status("405", "INFO", l.ask("INFO", "", ""), "\r\nAllow: ")
	if n.Calls() != 0 {
		t.Error("a call began")
	}
}

// Each refusal has its status; carriers reroute, play or bill by it.
func TestRefusalsOfOurs(t *testing.T) {
	t.Parallel()
	tests := map[contact.Cause]struct{ status, part string }{
		contact.RefusedUnknown:  {"404", ""},
		contact.RefusedClosed:   {"480", ""},
		contact.RefusedFull:     {"503", "\r\nRetry-After: "},
		contact.RefusedOverload: {"503", "\r\nRetry-After: "},
		contact.NodeLost:        {"503", "\r\nRetry-After: "},
		contact.RefusedNuisance: {"603", ""},
		contact.Internal:        {"500", ""},
	}
	for why, tt := range tests {
		t.Run(why.String(), func(t *testing.T) {
			t.Parallel()
			gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §21", "a call refused for "+why.String()+": "+tt.status)
			n := startNode(t, func(ctx context.Context, in *Inbound) { _ = in.Refuse(ctx, why) })
			l := phone(t, n, "refused")
			l.status(tt.status, "INVITE", l.ask("INVITE", "", someSDP), tt.part)
			l.write("ACK", 1, "b1", "", "")
			n.wantEnded(t, why)
		})
	}
}

// What they refuse with tells us why.
func TestRefusalsOfTheirs(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]contact.Cause{
		"403": contact.Internal, "404": contact.RefusedUnknown, "480": contact.RefusedClosed, "486": contact.RefusedFull,
		"488": contact.Internal, "491": contact.Internal, "503": contact.RefusedFull, "603": contact.RefusedNuisance,
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §17.1.1.3", "our INVITE gets "+status+": ACK on the same branch, the call ends with a cause")
			n := startNode(t, nil)
			l, leg, invite := dial(t, n)
			l.take(invite, status, "", "")
			l.expect("ACK ", header(invite, "Via"))
			if e := events(t, leg)(gateway.LegGone); e.Cause != want || itoa(leg.Status()) != status {
				t.Errorf("cause %s, status %d; want %s", e.Cause, leg.Status(), want)
			}
		})
	}
}

// The peer's release cause is for the log alone.
func TestTheirQ850IsLogged(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{"BYE": "q850=31", "CANCEL": "q850=102"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3326 §2", "Q.850 cause in the Reason of "+method+": in the log's last line of the call")
			var log locked
			n := startNode(t, func(ctx context.Context, in *Inbound) {
				if method == "CANCEL" {
					_ = in.Ring(ctx)
					return
				}
				pickUp(ctx, in)
			}, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			l := phone(t, n, "why")
			if method == "BYE" {
				l.establish("", someSDP)
				l.status("200", "BYE", l.ask("BYE", "Reason: Q.850;cause=31;text=\"13812345678\"\r\n", ""))
			} else {
				seq := l.ask("INVITE", "", someSDP)
				l.expect("SIP/2.0 180")
				l.write("CANCEL", seq, "b1", "Reason: SIP;cause=487, Q.850;cause=102\r\n", "")
				l.status("487", "INVITE", seq)
				l.write("ACK", seq, "b1", "", "")
			}
			n.wantEnded(t, contact.CitizenEnded)
			log.wait(t, "call ended")
			if text := log.text(); !strings.Contains(text, want) || strings.Contains(text, "138") {
				t.Errorf("the log says\n%s", text)
			}
		})
	}
}

func (l *locked) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// wait waits until the log says something.
func (l *locked) wait(t *testing.T, what string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(5 * time.Second); !strings.Contains(l.text(), what); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("the log does not say %q", what)
		}
	}
}
