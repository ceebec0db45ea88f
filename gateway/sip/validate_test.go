package sip

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"hotline/contact"
	"hotline/gateway/gatewaytest"
)

// flawed is a request with one fault and the answer that it deserves.
type flawed struct {
	clause string
	spoil  func(message string) string
	want   string   // status
	with   []string // what the answer must hold
	method string   // INVITE when empty
	udp    bool     // has no meaning on a stream
}

func swap(old, by string) func(string) string {
	return func(m string) string { return strings.Replace(m, old, by, 1) }
}

func before(header, lines string) func(string) string {
	return swap("\r\n"+header+":", "\r\n"+lines+header+":")
}

func without(header string) func(string) string {
	return func(m string) string {
		_, after, _ := strings.Cut(m, "\r\n"+header+":")
		line, _, _ := strings.Cut(after, "\r\n")
		return strings.Replace(m, "\r\n"+header+":"+line, "", 1)
	}
}

func same(m string) string { return m }

func faults() map[string]flawed {
	sections := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" + strings.Repeat("m=audio 40000 RTP/AVP 8\r\n", 600)
	return map[string]flawed{
		"version":                      {clause: "RFC 3261 §21.5.7", spoil: swap("SIP/2.0\r\n", "SIP/7.0\r\n"), want: "505"},
		"CSeq of another method":       {clause: "RFC 3261 §8.1.1.5", spoil: swap("1 INVITE", "1 BYE"), want: "400"},
		"CSeq without a number":        {clause: "RFC 3261 §20.16", spoil: swap("CSeq: 1 INVITE", "CSeq: INVITE"), want: "400"},
		"CSeq over 2^31":               {clause: "RFC 3261 §8.1.1.5", spoil: swap("CSeq: 1 ", "CSeq: 2147483648 "), want: "400"},
		"no To":                        {clause: "RFC 3261 §8.1.1", spoil: without("To"), want: "400"},
		"no From":                      {clause: "RFC 3261 §8.1.1", spoil: without("From"), want: "400"},
		"no Call-ID":                   {clause: "RFC 3261 §8.1.1", spoil: without("Call-ID"), want: "400"},
		"no CSeq":                      {clause: "RFC 3261 §8.1.1", spoil: without("CSeq"), want: "400"},
		"no From tag":                  {clause: "RFC 3261 §8.1.1.3", spoil: swap(";tag=f", ";nothing=f"), want: "400"},
		"two Call-IDs":                 {clause: "RFC 3261 §7.3.1", spoil: before("CSeq", "Call-ID: other\r\n"), want: "400"},
		"two Tos, one short":           {clause: "RFC 3261 §7.3.1", spoil: before("CSeq", "t: <sip:other@x>\r\n"), want: "400"},
		"two CSeqs":                    {clause: "RFC 3261 §7.3.1", spoil: before("CSeq", "CSeq: 7 INVITE\r\n"), want: "400"},
		"two Content-Lengths":          {clause: "RFC 3261 §7.3.1", spoil: before("CSeq", "l: 5\r\n"), want: "400"},
		"NUL in the Call-ID":           {clause: "RFC 3261 §20.8", spoil: swap("Call-ID: ", "Call-ID: a\x00b"), want: "400"},
		"Max-Forwards 300":             {clause: "RFC 3261 §20.22", spoil: swap("Max-Forwards: 70", "Max-Forwards: 300"), want: "400"},
		"Max-Forwards no number":       {clause: "RFC 3261 §20.22", spoil: swap("Max-Forwards: 70", "Max-Forwards: many"), want: "400"},
		"Max-Forwards 0":               {clause: "RFC 3261 §16.3", spoil: swap("Max-Forwards: 70", "Max-Forwards: 0"), want: "483"},
		"Content-Length negative":      {clause: "RFC 3261 §20.14", spoil: swap("Content-Length: ", "Content-Length: -"), want: "400"},
		"Content-Length too large":     {clause: "RFC 3261 §18.3", spoil: swap("Content-Length: ", "Content-Length: 9"), want: "400", udp: true},
		"Request-URI in brackets":      {clause: "RFC 3261 §25.1", spoil: func(m string) string { return "INVITE <sip:12345@x>" + m[strings.Index(m, " SIP/2.0"):] }, want: "400"},
		"headers in the Request-URI":   {clause: "RFC 3261 §19.1.1", spoil: swap(" SIP/2.0", "?Replaces=x SIP/2.0"), want: "400"},
		"scheme":                       {clause: "RFC 3261 §8.2.2.1", spoil: swap("INVITE sip:", "INVITE http:"), want: "416"},
		"unknown method":               {clause: "RFC 3261 §21.5.2", method: "FROBNICATE", spoil: same, want: "501", with: []string{"Allow: INVITE"}},
		"REGISTER":                     {clause: "RFC 3261 §8.2.1", method: "REGISTER", spoil: same, want: "405", with: []string{"Allow: INVITE"}},
		"REFER":                        {clause: "RFC 3515 §2.4.1", method: "REFER", spoil: before("CSeq", "Refer-To: <sip:premium@x>\r\n"), want: "405", with: []string{"Allow: "}},
		"INFO":                         {clause: "RFC 6086 §4.2.2", method: "INFO", spoil: same, want: "405", with: []string{"Allow: "}},
		"Require":                      {clause: "RFC 3261 §8.2.2.3", spoil: before("CSeq", "Require: Nothing, timer, else\r\n"), want: "420", with: []string{"Unsupported: Nothing, else\r\n"}},
		"Require: replaces":            {clause: "RFC 3891 §3", spoil: before("CSeq", "Require: replaces\r\nReplaces: x;to-tag=1;from-tag=2\r\n"), want: "420", with: []string{"Unsupported: replaces"}},
		"Accept":                       {clause: "RFC 3261 §21.4.7", spoil: before("CSeq", "Accept: text/plain, application/sdp;q=0.0\r\n"), want: "406", with: []string{"Accept: application/sdp"}},
		"Content-Type":                 {clause: "RFC 3261 §8.2.3", spoil: swap("application/sdp", "application/isup"), want: "415", with: []string{"Accept: application/sdp"}},
		"no Content-Type":              {clause: "RFC 3261 §20.15", spoil: without("Content-Type"), want: "415", with: []string{"Accept: application/sdp"}},
		"Content-Encoding":             {clause: "RFC 3261 §8.2.3", spoil: before("CSeq", "Content-Encoding: gzip\r\n"), want: "415", with: []string{"Accept-Encoding: identity"}},
		"BYE of nothing":               {clause: "RFC 3261 §15.1.2", method: "BYE", spoil: same, want: "481"},
		"UPDATE of nothing":            {clause: "RFC 3261 §12.2.2", method: "UPDATE", spoil: same, want: "481"},
		"re-INVITE of nothing":         {clause: "RFC 3261 §12.2.2", spoil: swap("<sip:12345@127.0.0.1>", "<sip:12345@127.0.0.1>;tag=guessed"), want: "481"},
		"600 m-lines":                  {clause: "RFC 3264 §6", spoil: func(m string) string { return withBody(m, sections) }, want: "488"},
		"audio to a third party":       {clause: "RFC 3264 §6", spoil: swap("c=IN IP4 127.0.0.1", "c=IN IP4 203.0.113.9"), want: "488"},
		"audio to a multicast group":   {clause: "RFC 3264 §6", spoil: swap("c=IN IP4 127.0.0.1", "c=IN IP4 224.2.1.1"), want: "488"},
		"audio to the Internet":        {clause: "RFC 3264 §6", spoil: swap("c=IN IP4 127.0.0.1", "c=IN IP4 198.51.100.1"), want: "488"},
		"a header of 8 KB":             {clause: "RFC 3261 §21.5.11", spoil: before("CSeq", "X: "+strings.Repeat("x", 8000)+"\r\n"), want: "513"},
		"a header of 30 KB":            {clause: "RFC 3261 §21.5.11", spoil: before("CSeq", "X: "+strings.Repeat("x", 30000)+"\r\n"), want: "513"},
		"900 Routes":                   {clause: "RFC 3261 §21.5.11", spoil: before("CSeq", strings.Repeat("Route: <sip:x;lr>\r\n", 900)), want: "513"},
		"900 Routes on few lines":      {clause: "RFC 3261 §21.5.11", spoil: before("CSeq", strings.Repeat("Route: "+strings.Repeat("<sip:x;lr>, ", 99)+"<sip:x;lr>\r\n", 9)), want: "513"},
		"a body of 20 KB":              {clause: "RFC 3261 §21.5.11", spoil: func(m string) string { return withBody(m, strings.Repeat("a=x\r\n", 4000)) }, want: "513"},
		"a forged mark of ours":        {clause: "RFC 3261 §8.2.2", spoil: before("CSeq", "Hotline-Marked: 1\r\nHotline-Version: 9\r\n"), want: "180"},
		"nothing wrong with it at all": {clause: "RFC 3261 §13.3.1.1", spoil: same, want: "180"},
	}
}

// withBody gives a message another body.
func withBody(m, body string) string {
	head, _, _ := strings.Cut(m, "\r\n\r\n")
	return without("Content-Length")(head) + fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// TestFaults has each faulty request answered over UDP and TCP, with the right
// status, in version 2.0, and nothing kept of it.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.Tried(t, gatewaytest.PeerRawSockets, f.clause, name+": "+f.want)
			ring := func(ctx context.Context, in *Inbound) { _ = in.Ring(ctx) }
			n := startNode(t, ring)
			p := newPeer(t, n.Addrs().UDP)
			p.send([]byte(f.message(p, "udp")))
			f.judge(t, p.first())
			if !f.udp {
				f.judge(t, overTCP(t, n, f.message(p, "tcp")))
			}
			n.wantAlive(t, "after")
			if f.want != "180" && n.Calls() != 0 {
				t.Errorf("%d calls began", n.Calls())
			}
		})
	}
}

func (f flawed) message(p *peer, id string) string {
	if f.method != "" {
		return f.spoil(string(p.message(f.method, id, id, "", "", "")))
	}
	return f.spoil(string(p.message("INVITE", id, id, "", "Content-Type: application/sdp\r\n", someSDP)))
}

func (f flawed) judge(t *testing.T, m string) {
	t.Helper()
	if !strings.HasPrefix(m, "SIP/2.0 "+f.want+" ") {
		t.Fatalf("answered %q, want %s", firstLine(m), f.want)
	}
	for _, part := range f.with {
		if !strings.Contains(m, part) {
			t.Errorf("no %q in\n%s", part, m)
		}
	}
}

// first is the first answer that is not 100.
func (p *peer) first() string {
	p.t.Helper()
	for {
		if m := p.receive(5 * time.Second); !strings.HasPrefix(m, "SIP/2.0 100") {
			return m
		}
	}
}

func overTCP(t *testing.T, n *node, message string) string {
	t.Helper()
	c := dialTCP(t, n.Addrs().TCP)
	go func() { _, _ = io.WriteString(c, message) }()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	var got string
	for b := make([]byte, 4096); ; {
		k, err := c.Read(b)
		got += string(b[:k])
		for strings.HasPrefix(got, "SIP/2.0 100") && strings.Contains(got, "\r\n\r\n") {
			_, got, _ = strings.Cut(got, "\r\n\r\n")
		}
		if err != nil || strings.Contains(got, "\r\n\r\n") {
			return got
		}
	}
}

// 10,000 m-lines do not fit into a datagram that we read; the description
// itself is refused whatever its way.
func TestTenThousandStreams(t *testing.T) {
	t.Parallel()
	if _, err := parseDescription([]byte(strings.Repeat("m=audio 1 RTP/AVP 8\r\n", 10000))); err == nil {
		t.Error("accepted")
	}
}

// A refusal is the same for its copies, and is not repeated by itself.
func TestRefusalsKeepNoState(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp)
	p := newPeer(t, n.Addrs().UDP)
	m := p.message("INVITE", "refused", "refused", "", "Require: x\r\n", "")
	p.send(m)
	first := p.first()
	p.send(m)
	if again := p.first(); again != first || !strings.HasPrefix(first, "SIP/2.0 420") {
		t.Errorf("answered\n%s\nand then\n%s", first, again)
	}
	if m := p.receive(1200 * time.Millisecond); m != "" {
		t.Errorf("repeated %q", firstLine(m))
	}
}

// What others send with everything right but the address changes nothing.
func TestOthersCannotTouchACall(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §26.1.4", "BYE, CANCEL, ACK, re-INVITE and UPDATE with the right tags and branch from another trunk and from strangers: 403, 481 or silence; the call and its audio stay")
	n := startNode(t, pickUp, func(o *Options) {
		o.Config.Trunks = append(o.Config.Trunks, Trunk{Name: "other", Addresses: []string{"127.0.0.9"}, Media: []string{"127.0.0.0/8"}})
	})
	p := newPeer(t, n.Addrs().UDP)
	p.invite("mine", "")
	tag := toTag(p.expect("SIP/2.0 200"))
	p.send(p.message("ACK", "mine", "mineack", tag, "", ""))
	in := n.call(t)
	remote := func() (at string) {
		_ = in.do(t.Context(), func() error { at = in.agreed.remote.String(); return nil })
		return at
	}
	was := remote()
	other, stranger := newPeerAt(t, n.Addrs().UDP, "127.0.0.9"), newPeerAt(t, n.Addrs().UDP, corner(t.Name(), 0).String())
	moved := strings.Replace(someSDP, "audio 40000", "audio 41000", 1)
	for _, try := range []struct{ method, body, want string }{
		{"BYE", "", "403"}, {"UPDATE", moved, "403"}, {"INVITE", moved, "403"}, {"CANCEL", "", "481"}, {"INFO", "", "405"},
	} {
		extra := ""
		if try.body != "" {
			extra = "Content-Type: application/sdp\r\n"
		}
		// The branch is the INVITE's own, and the Via too.
		forged := strings.ReplaceAll(string(other.message(try.method, "mine", "mine", tag, extra, try.body)),
			"Via: SIP/2.0/UDP "+other.conn.LocalAddr().String(), "Via: SIP/2.0/UDP "+p.conn.LocalAddr().String()+";rport")
		if try.method != "CANCEL" && try.method != "BYE" {
			forged = strings.Replace(forged, "branch=z9hG4bKmine", "branch=z9hG4bKforged"+try.method, 1)
		}
		other.send([]byte(forged))
		if m := other.first(); !strings.HasPrefix(m, "SIP/2.0 "+try.want) {
			t.Errorf("%s of another trunk: %q, want %s", try.method, firstLine(m), try.want)
		}
		stranger.send([]byte(forged))
	}
	if m := stranger.receive(300 * time.Millisecond); m != "" {
		t.Errorf("a stranger got %q", firstLine(m))
	}
	p.send(p.message("BYE", "mine", "wrong", "guess", "", ""))
	p.expect("SIP/2.0 481") // the trunk itself, with a tag that is no call's
	if n.Calls() != 1 || remote() != was {
		t.Fatalf("%d calls, audio to %s, was %s", n.Calls(), remote(), was)
	}
	p.send(p.message("BYE", "mine", "minebye", tag, "", ""))
	p.expect("SIP/2.0 200", "BYE")
	n.wantEnded(t, contact.CitizenEnded)
}

// While it rings, a forged CANCEL with the right branch ends nothing; the
// trunk's own does.
func TestForgedCancel(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(ctx context.Context, in *Inbound) { _ = in.Ring(ctx) }, func(o *Options) {
		o.Config.Trunks = append(o.Config.Trunks, Trunk{Name: "other", Addresses: []string{"127.0.0.9"}, Media: []string{"127.0.0.0/8"}})
	})
	p := newPeer(t, n.Addrs().UDP)
	p.invite("rings", "")
	p.expect("SIP/2.0 180")
	cancel := string(p.message("CANCEL", "rings", "rings", "", "", ""))
	other := newPeerAt(t, n.Addrs().UDP, "127.0.0.9")
	other.send([]byte(strings.Replace(cancel, ";branch", ";rport;branch", 1)))
	other.expect("SIP/2.0 481")
	if m := p.receive(300 * time.Millisecond); m != "" || n.Calls() != 1 {
		t.Fatalf("%d calls, and the trunk got %q", n.Calls(), firstLine(m))
	}
	p.send([]byte(cancel))
	p.expect("SIP/2.0 200", "CANCEL")
	p.expect("SIP/2.0 487")
	n.wantEnded(t, contact.CitizenEnded)
}

// A house that panics costs its call, with 500; the others live on.
func TestAPanicOfTheHouse(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(ctx context.Context, in *Inbound) {
		if in.names.callID == "boom" {
			panic("on purpose")
		}
		pickUp(ctx, in)
	})
	p := newPeer(t, n.Addrs().UDP)
	p.invite("lives", "")
	tag := toTag(p.expect("SIP/2.0 200"))
	p.send(p.message("ACK", "lives", "livesack", tag, "", ""))
	p.invite("boom", "")
	p.expect("SIP/2.0 500", "Call-ID: boom")
	n.wantEnded(t, contact.Internal)
	if got := valueOf(t, n.metrics.panics); got != 1 || n.Calls() != 1 {
		t.Errorf("%v panics, %d calls", got, n.Calls())
	}
	p.send(p.message("BYE", "lives", "livesbye", tag, "", ""))
	p.expect("SIP/2.0 200", "BYE")
	n.wantEnded(t, contact.CitizenEnded)
}
