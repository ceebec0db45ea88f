package sip

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"hotline/contact"
	"hotline/gateway"
)

// A call of ours leaves from the port that the carrier knows, and shows what
// we say.
func TestOutboundOverATrunk(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	p := newPeer(t, n.Addrs().UDP)
	n.border.trunks[0].outbound = p.conn.LocalAddr().String()
	leg, err := n.Dial(t.Context(), DialRequest{
		Trunk: "carrier", To: "sip:13812345678@carrier.example", From: "01012345",
		Headers: [][2]string{{"P-Preferred-Identity", "<sip:01012345@h>"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 65536)
	k, from, err := p.conn.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatal(err)
	}
	invite := string(b[:k])
	if from != n.Addrs().UDP {
		t.Errorf("it came from %s, want %s", from, n.Addrs().UDP)
	}
	for _, part := range []string{"INVITE sip:13812345678@carrier.example SIP/2.0\r\n", "From: <sip:01012345@127.0.0.1>", "P-Preferred-Identity: <sip:01012345@h>", "m=audio "} {
		if !strings.Contains(invite, part) {
			t.Errorf("the INVITE lacks %q", part)
		}
	}
	p.send([]byte("SIP/2.0 486 Busy Here\r\n" + copied(invite, "Via:", "From:", "To:", "Call-ID:", "CSeq:") + "Content-Length: 0\r\n\r\n"))
	p.expect("ACK ")
	if e := events(t, leg)(gateway.LegGone); e.Cause != contact.RefusedFull || leg.Status() != 486 {
		t.Errorf("cause %s, status %d", e.Cause, leg.Status())
	}
}

func TestDialRefusesNonsense(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil)
	for name, r := range map[string]DialRequest{
		"no such trunk": {Trunk: "x", To: "sip:1@h"},
		"only receives": {Trunk: "carrier", To: "sip:1@h"},
		"no URI":        {To: ""},
		"broken header": {To: "sip:1@127.0.0.1:9", Headers: [][2]string{{"X", "a\r\nVia: y"}}},
		"unknown host":  {To: "sip:1@host.invalid"},
		"broken From":   {To: "sip:1@127.0.0.1:9", From: "sip:[::1"},
	} {
		if _, err := n.Dial(t.Context(), r); err == nil {
			t.Errorf("%s: dialled", name)
		}
	}
	if n.Calls() != 0 {
		t.Errorf("%d calls are left", n.Calls())
	}
}

// locked is a buffer that several goroutines write.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Neither number nor datagram reaches the log, at any level.
func TestNoNumberIsLogged(t *testing.T) {
	t.Parallel()
	var log locked
	n := startNode(t, pickUp, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	p := newPeer(t, n.Addrs().UDP)
	p.send([]byte("INVITE sip:13812345678 nonsense\r\n\r\n"))
	p.send(p.message("INVITE", "bad", "bad", "", "Max-Forwards: 70\r\n", ""))
	p.expect("SIP/2.0 400")
	sipp(t, "uac_basic", n.Addrs().UDP, "-m", "1")
	n.wantEnded(t, contact.CitizenEnded)
	if _, err := n.Dial(context.Background(), DialRequest{Trunk: "carrier", To: "sip:13812345678@h"}); err != nil && strings.Contains(err.Error(), "138") {
		t.Errorf("the error says %q", err)
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if text := log.b.String(); strings.Contains(text, "1381234") || !strings.Contains(text, "call ended") {
		t.Errorf("the log says\n%s", text)
	}
}
