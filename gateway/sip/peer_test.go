package sip

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/contact"
	"hotline/gateway/gatewaytest"
)

func itoa(n int) string { return strconv.Itoa(n) }

// peer is a bare UDP socket, for what SIPp cannot time or would not send.
type peer struct {
	t    *testing.T
	conn *net.UDPConn
	to   netip.AddrPort
}

func newPeer(t *testing.T, to netip.AddrPort) *peer { return newPeerAt(t, to, "127.0.0.1") }

func newPeerAt(t *testing.T, to netip.AddrPort, from string) *peer {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(from)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &peer{t: t, conn: conn, to: to}
}

const someSDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"

// message writes a request; %A is the peer's address.
func (p *peer) message(method, id, branch, toTag, extra, body string) []byte {
	to := "<sip:12345@127.0.0.1>"
	if toTag != "" {
		to += ";tag=" + toTag
	}
	seq := "1 " + method
	if method == "BYE" || method == "UPDATE" {
		seq = "2 " + method
	}
	at := p.conn.LocalAddr().String()
	return fmt.Appendf(nil, "%s sip:12345@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nFrom: <sip:13812345678@x>;tag=f%s\r\nTo: %s\r\n"+
		"Call-ID: %s\r\nCSeq: %s\r\nContact: <sip:c@%s>\r\nMax-Forwards: 70\r\n%sContent-Length: %d\r\n\r\n%s",
		method, p.to, at, branch, id, to, id, seq, at, extra, len(body), body)
}

func (p *peer) send(b []byte) {
	p.t.Helper()
	if _, err := p.conn.WriteToUDPAddrPort(b, p.to); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) invite(id, extra string) []byte {
	b := p.message("INVITE", id, id, "", "Content-Type: application/sdp\r\n"+extra, someSDP)
	p.send(b)
	return b
}

// receive returns the next message, or "" after d.
func (p *peer) receive(d time.Duration) string {
	p.t.Helper()
	if err := p.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		p.t.Fatal(err)
	}
	b := make([]byte, 65536)
	n, err := p.conn.Read(b)
	if err != nil {
		return ""
	}
	return string(b[:n])
}

// expect waits for a message that begins with start and holds all of parts.
func (p *peer) expect(start string, parts ...string) string {
	p.t.Helper()
	for range 50 {
		m := p.receive(5 * time.Second)
		if m == "" {
			break
		}
		if !strings.HasPrefix(m, start) {
			continue
		}
		ok := true
		for _, part := range parts {
			ok = ok && strings.Contains(m, part)
		}
		if ok {
			return m
		}
	}
	p.t.Fatalf("no %q with %q", start, parts)
	return ""
}

func toTag(m string) string {
	for line := range strings.SplitSeq(m, "\r\n") {
		if v, ok := strings.CutPrefix(line, "To:"); ok {
			_, tag, _ := strings.Cut(v, ";tag=")
			return tag
		}
	}
	return ""
}

// race sends INVITE and CANCEL back to back, or as if the network had turned
// them round.
func (p *peer) race(id string, turned bool) {
	p.t.Helper()
	if turned {
		p.send(p.message("CANCEL", id, id, "", "", ""))
		p.invite(id, "")
		return
	}
	p.invite(id, "")
	p.send(p.message("CANCEL", id, id, "", "", ""))
}

// finals waits for so many final answers to INVITEs and CANCELs, acknowledges
// them, and ends the calls that were answered before their CANCEL came.
func (p *peer) finals(want int) {
	p.t.Helper()
	done := map[string]bool{}
	for len(done) < want {
		m := p.receive(5 * time.Second)
		if m == "" {
			p.t.Fatalf("%d of %d final answers came: %v", len(done), want, done)
		}
		if !strings.HasPrefix(m, "SIP/2.0 ") || m[8] == '1' || strings.Contains(m, " BYE\r\n") {
			continue
		}
		id, _, _ := strings.Cut(m[strings.Index(m, "Call-ID: ")+len("Call-ID: "):], "\r\n")
		method := p.final(id, m[8:11], m)
		done[id+" "+method] = true
	}
}

func (p *peer) final(id, status, m string) (method string) {
	p.t.Helper()
	switch {
	case strings.Contains(m, " CANCEL\r\n"):
		if status != "200" && status != "481" { // 481 on a busy machine: it waits for its INVITE 200 ms
			p.t.Errorf("CANCEL %s got %s", id, status)
		}
		return "CANCEL"
	case status == "200":
		p.send(p.message("ACK", id, id+"ack", toTag(m), "", ""))
		p.send(p.message("BYE", id, id+"bye", toTag(m), "", ""))
	case status == "487":
		p.send(p.message("ACK", id, id, toTag(m), "", ""))
	default:
		p.t.Errorf("INVITE %s got %s", id, status)
	}
	return "INVITE"
}

func TestStrangersGetNothing(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §26.3.2.4", "unknown sources, nonsense and oversize: no answer at all, and the listener lives on")
	n := startNode(t, pickUp, func(o *Options) { o.Config.Trunks[0].Addresses = []string{"127.0.0.9"} })
	p := newPeer(t, n.Addrs().UDP)
	for _, method := range []string{"INVITE", "OPTIONS", "REGISTER", "BYE"} {
		p.send(p.message(method, "s"+method, "s"+method, "", "", ""))
	}
	p.send([]byte("not SIP at all\r\n\r\n"))
	p.send(bytes.Repeat([]byte("A"), 20000))
	c, err := net.Dial("tcp", n.Addrs().TCP.String())
	if err == nil {
		defer func() { _ = c.Close() }()
		_, _ = c.Write(p.message("OPTIONS", "t", "t", "", "", ""))
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		if k, _ := c.Read(make([]byte, 100)); k != 0 {
			t.Errorf("a stranger read %d octets over TCP", k)
		}
	}
	if m := p.receive(500 * time.Millisecond); m != "" {
		t.Errorf("a stranger was answered %q", m)
	}
	friend := newPeerAt(t, n.Addrs().UDP, "127.0.0.9")
	friend.send(friend.message("OPTIONS", "f", "f", "", "", ""))
	friend.expect("SIP/2.0 200")
}

func TestRepeatedInviteIsOneCall(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §17.2.1", "INVITE repeated ten times: one call; the same by another way: 482")
	n := startNode(t, func(ctx context.Context, in *Inbound) { _ = in.Ring(ctx) })
	p := newPeer(t, n.Addrs().UDP)
	first := p.invite("again", "")
	for range 10 {
		p.send(first)
	}
	p.expect("SIP/2.0 180")
	p.send(p.message("INVITE", "again", "otherway", "", "Content-Type: application/sdp\r\n", someSDP))
	p.expect("SIP/2.0 482", "branch=z9hG4bKotherway")
	n.call(t)
	if len(n.calls) != 0 {
		t.Errorf("%d further calls began", len(n.calls))
	}
}

// answer gives a 200 to an INVITE under a To tag.
func (p *peer) answer(invite, tag string) {
	head := copied(invite, "Via:", "From:", "Call-ID:", "CSeq:", "To:")
	at := p.conn.LocalAddr().String()
	p.send(fmt.Appendf(nil, "SIP/2.0 200 OK\r\n%s;tag=%s\r\nContact: <sip:c@%s>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
		strings.TrimSuffix(head, "\r\n"), tag, at, len(someSDP), someSDP))
}

func (p *peer) reply(request string) {
	p.send([]byte("SIP/2.0 200 OK\r\n" + copied(request, "Via:", "From:", "To:", "Call-ID:", "CSeq:") + "Content-Length: 0\r\n\r\n"))
}

// copied returns header lines of a message, in the order of names.
func copied(m string, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		for line := range strings.SplitSeq(m, "\r\n") {
			if strings.HasPrefix(line, name) {
				b.WriteString(line + "\r\n")
			}
		}
	}
	return b.String()
}

// A handler that panics costs its call, nothing else.
func TestAPanicCostsOneCall(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(_ context.Context, in *Inbound) {
		if in.Arrival().Called == "12345" {
			in.post(func() { panic("on purpose") })
		}
	})
	p := newPeer(t, n.Addrs().UDP)
	p.invite("boom", "")
	p.expect("SIP/2.0 500")
	n.wantEnded(t, contact.Internal)
	p.send(p.message("OPTIONS", "o", "o", "", "", ""))
	p.expect("SIP/2.0 200")
}

// The 200 goes out again after T1, 2·T1, 4·T1 … up to T2, then a BYE.
func TestTheAnswerIsRepeatedUntilItsTimeIsOver(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §13.3.1.4", "no ACK: the 200 again after T1, doubled up to T2, for 64 T1, then BYE")
	const t1 = 40 * time.Millisecond
	n := startNode(t, pickUp, func(o *Options) { o.Timers = Timers{T1: t1, T2: 8 * t1} })
	p := newPeer(t, n.Addrs().UDP)
	p.invite("deaf", "")
	p.expect("SIP/2.0 200")
	began, repeats := time.Now(), 0
	for {
		m := p.receive(5 * time.Second)
		if m == "" {
			t.Fatal("neither 200 nor BYE")
		}
		if strings.HasPrefix(m, "BYE ") {
			p.reply(m)
			break
		}
		repeats++
	}
	// 1+2+4 and then 8 to 64: 3 + 7 more, and one at the end.
	if took := time.Since(began); took < 60*t1 || repeats < 8 || repeats > 12 {
		t.Errorf("%d repeats in %v", repeats, took)
	}
	n.wantEnded(t, contact.MediaLost)
}

// An unacknowledged call does not keep the node from closing.
func TestCloseDoesNotWaitForADeafPeer(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp)
	p := newPeer(t, n.Addrs().UDP)
	p.invite("deaf", "")
	p.expect("SIP/2.0 200")
	began := time.Now()
	if err := n.Close(t.Context()); err == nil {
		t.Error("closed as if everybody had answered")
	}
	if took := time.Since(began); took > 2*byeGrace {
		t.Errorf("closing took %v", took)
	}
	p.expect("BYE ")
	n.wantEnded(t, contact.NodeLost)
}
