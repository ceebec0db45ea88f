package sip

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"hotline/gateway/gatewaytest"
)

const (
	// mutants is how many mutated messages TestMutants sends: seeds 1 to 150.
	mutants = 150
	// listening is how long each sender counts what it gets: all of our own
	// repetitions, and the stack's at 0.5, 1.5 and 3.5 s.
	listening = 4 * time.Second
)

// mutate breaks a valid message in one to three ways, always the same for a
// seed.
func mutate(seed uint64, message []byte) []byte {
	r := rand.New(rand.NewPCG(seed, seed))
	all := mutations()
	for range 1 + r.IntN(3) {
		message = all[r.IntN(len(all))](r, message)
	}
	return message
}

type mutation func(*rand.Rand, []byte) []byte

func mutations() []mutation {
	return []mutation{
		dropLine, repeatLine, truncateLine, swapLines, truncate, fold, foldForever,
		insert("\x00"), insert("\xff\xfe\x80"), insert(`"`), insert(`"\"\"\"<<>>`), insert("\r\n"), insert("\n"), insert(strings.Repeat("A", 5000)),
		insert(strings.Repeat("(", 900)), insert("%n%s%x"), insert(";;;,,,"), insert(" \t "), insert("\u202e中文"),
		number("99999999999999999999999"), number("-1"), number("4294967296"), number("2147483648"), number("0"), number(""),
		method("FROBNICATE"), method("invite"), method("ACK"), method("REFER"), method(strings.Repeat("X", 2000)), method(""),
		value("content-length", "100000"), value("content-length", "-7"), value("max-forwards", "256"), value("cseq", "INVITE 1"),
		value("content-type", "multipart/mixed"), value("content-type", "text/plain"), value("via", "SIP/2.0/UDP"), value("via", "SIP/2.0/SCTP [::1]:0;rport"),
		value("contact", "*"), value("call-id", "a\x00b"), value("from", "<sip:>"), value("to", `"<sip:x`),
		many("Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n", 1000), many("Route: <sip:a;lr>\r\n", 900), many("X: y\r\n", 1500),
		many("Require: a\r\n", 50), many("Record-Route: <sip:1.1.1.1;lr>\r\n", 60), many("X-Long: "+strings.Repeat("z", 30000)+"\r\n", 1),
	}
}

func lines(m []byte) [][]byte { return bytes.SplitAfter(m, []byte("\r\n")) }

func joined(l [][]byte) []byte { return bytes.Join(l, nil) }

// pick is a header line, never the start-line.
func pick(r *rand.Rand, l [][]byte) int { return min(len(l)-1, 1+r.IntN(10)) }

func dropLine(r *rand.Rand, m []byte) []byte {
	l := lines(m)
	i := pick(r, l)
	return joined(append(append([][]byte{}, l[:i]...), l[i+1:]...))
}

func repeatLine(r *rand.Rand, m []byte) []byte {
	l := lines(m)
	i := pick(r, l)
	return joined(append(append([][]byte{}, l[:i+1]...), l[i:]...))
}

func truncateLine(r *rand.Rand, m []byte) []byte {
	l := lines(m)
	i := pick(r, l)
	l[i] = append(bytes.Clone(l[i][:r.IntN(len(l[i])+1)]), '\r', '\n')
	return joined(l)
}

func swapLines(r *rand.Rand, m []byte) []byte {
	l := lines(m)
	i, j := r.IntN(len(l)), r.IntN(len(l))
	l[i], l[j] = l[j], l[i]
	return joined(l)
}

func truncate(r *rand.Rand, m []byte) []byte { return m[:1+r.IntN(max(1, len(m)-1))] }

func fold(r *rand.Rand, m []byte) []byte {
	l := lines(m)
	i := pick(r, l)
	l[i] = bytes.ReplaceAll(l[i], []byte(" "), []byte("\r\n "))
	return joined(l)
}

func foldForever(r *rand.Rand, m []byte) []byte {
	l := lines(m)
	i := pick(r, l)
	l[i] = append(bytes.Clone(l[i]), bytes.Repeat([]byte(" \r\n"), 400)...)
	return joined(l)
}

func insert(s string) mutation {
	return func(r *rand.Rand, m []byte) []byte {
		at := r.IntN(len(m) + 1)
		return append(append(bytes.Clone(m[:at]), s...), m[at:]...)
	}
}

// number replaces one run of digits.
func number(by string) mutation {
	return func(r *rand.Rand, m []byte) []byte {
		at := r.IntN(len(m) + 1)
		from := bytes.IndexAny(m[at:], "0123456789")
		if from < 0 {
			return m
		}
		from += at
		to := from
		for to < len(m) && '0' <= m[to] && m[to] <= '9' {
			to++
		}
		return append(append(bytes.Clone(m[:from]), by...), m[to:]...)
	}
}

func method(name string) mutation {
	return func(_ *rand.Rand, m []byte) []byte {
		_, rest, _ := bytes.Cut(m, []byte(" "))
		return append([]byte(name+" "), rest...)
	}
}

func value(header, v string) mutation {
	return func(_ *rand.Rand, m []byte) []byte {
		l := lines(m)
		for i := range l {
			if name, _, ok := bytes.Cut(l[i], []byte(":")); ok && strings.EqualFold(string(name), header) {
				l[i] = []byte(string(name) + ": " + v + "\r\n")
			}
		}
		return joined(l)
	}
}

func many(line string, n int) mutation {
	return func(_ *rand.Rand, m []byte) []byte {
		start, rest, _ := bytes.Cut(m, []byte("\r\n"))
		return append(append(append(bytes.Clone(start), '\r', '\n'), strings.Repeat(line, n)...), rest...)
	}
}

// original is the valid message that a seed breaks: an INVITE more often than
// any other.
func original(seed uint64, p *peer) []byte {
	name := fmt.Sprintf("mutant%d", seed)
	methods := []string{"INVITE", "OPTIONS", "INVITE", "BYE", "INVITE", "ACK", "CANCEL", "UPDATE", "REGISTER", "INFO"}
	m := methods[seed%uint64(len(methods))]
	if m != "INVITE" {
		return p.message(m, name, name, "", "", "")
	}
	return p.message(m, name, name, "", "Content-Type: application/sdp\r\n", someSDP)
}

// TestMutants sends 150 broken messages to a house that answers every call,
// each from an address that never acknowledges. Nothing ends the process, and
// nobody draws more than three times its octets.
func TestMutants(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §16.3", "mutated messages of a fixed seed list: the process lives, each draws at most three times its octets")
	n := startNode(t, pickUp, func(o *Options) {
		o.Config.Trunks[0].Addresses = []string{"127.0.0.0/8"}
		o.Timers = Timers{T1: 20 * time.Millisecond, T2: 160 * time.Millisecond} // every repetition of ours is counted
	})
	var counting sync.WaitGroup
	for seed := uint64(1); seed <= mutants; seed++ {
		p := newPeerAt(t, n.Addrs().UDP, corner(t.Name(), int(seed)).String())
		sent := mutate(seed, original(seed, p))
		if len(sent) > 65000 {
			sent = sent[:65000]
		}
		p.send(sent)
		counting.Go(func() {
			if got := p.octets(listening); got > amplification*len(sent) {
				t.Errorf("seed %d: %d octets drew %d:\n%.400q", seed, len(sent), got, sent)
			}
		})
		if seed%10 == 0 {
			n.wantAlive(t, fmt.Sprintf("seed%d", seed))
		}
	}
	counting.Wait()
	n.wantAlive(t, "end")
}

// octets counts what comes within d.
func (p *peer) octets(d time.Duration) (n int) {
	_ = p.conn.SetReadDeadline(time.Now().Add(d))
	for b := make([]byte, 65536); ; {
		k, err := p.conn.Read(b)
		if err != nil {
			return n
		}
		n += k
	}
}

func (n *node) wantAlive(t *testing.T, id string) {
	t.Helper()
	p := newPeer(t, n.Addrs().UDP)
	p.send(p.message("OPTIONS", id, id, "", "", ""))
	p.expect("SIP/2.0 200")
}

// An INVITE that nobody acknowledges draws its answer; the repetitions only as
// far as three times its octets, until its sender has shown that it hears us.
func TestUnprovenAddressesDrawLittle(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 9000 §8.1", "INVITE of an address that never acknowledged anything: answers of at most three times its octets")
	n := startNode(t, pickUp, func(o *Options) {
		o.Config.Trunks[0].Addresses = []string{"127.0.0.0/8"}
		o.Timers = Timers{T1: 20 * time.Millisecond, T2: 80 * time.Millisecond}
	})
	p := newPeerAt(t, n.Addrs().UDP, corner(t.Name(), 0).String())
	sent := p.invite("deaf", "")
	if got := p.octets(3 * time.Second); got == 0 || got > amplification*len(sent) {
		t.Errorf("%d octets drew %d", len(sent), got)
	}
	p.invite("hears", "")
	tag := toTag(p.expect("SIP/2.0 200", "Call-ID: hears"))
	p.send(p.message("ACK", "hears", "hearsack", tag, "", ""))
	sent = p.invite("again", "")
	if got := p.octets(3 * time.Second); got <= amplification*len(sent) {
		t.Errorf("one who hears us got %d octets for %d: the 200 was not repeated", got, len(sent))
	}
}

// FuzzDatagram drives what stands before the stack, its parser and our checks,
// without a socket.
func FuzzDatagram(f *testing.F) {
	for seed := uint64(1); seed <= 40; seed++ {
		f.Add(mutate(seed, []byte(someInvite)))
	}
	for _, message := range tortureMessages(f) {
		f.Add(message)
	}
	g := bareGateway(f)
	from := netip.MustParseAddrPort("127.0.0.1:5060")
	parser := sip.NewParser()
	f.Fuzz(func(t *testing.T, data []byte) {
		answer, _ := rawAnswer(data, from, unreadable(data), g.border.secret)
		if len(answer) > amplification*len(data) || len(answer) > maxAnswer {
			t.Errorf("%d octets drew %d", len(data), len(answer))
		}
		if size, r := frame(data); r == nil && size > 2*maxMessage {
			t.Errorf("a frame of %d", size)
		}
		if !g.border.lets(from) || idle(data) || oversized(data) {
			return
		}
		g.border.asked(from.Addr(), data)
		m, err := parser.ParseSIP(data)
		if err != nil {
			return
		}
		m.SetTransport("TCP")
		m.SetSource(from.String())
		g.screen(m)
		req, ok := m.(*sip.Request)
		if !ok || req.Method == sip.ACK {
			return
		}
		if r := check(req); r != nil {
			res := g.response(req, r.status, r.reason, r.headers...)
			if !strings.HasPrefix(res.String(), "SIP/2.0 ") {
				t.Errorf("answered %q", firstLine(res.String()))
			}
			return
		}
		_ = keyOfInvite(req)
		_ = keyOfDialog(req)
		_, _ = sessionBody(req)
	})
}

const someInvite = "INVITE sip:12345@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx;rport\r\n" +
	"From: <sip:13812345678@x>;tag=f\r\nTo: <sip:12345@127.0.0.1>\r\nCall-ID: fuzz\r\nCSeq: 1 INVITE\r\nContact: <sip:c@127.0.0.1>\r\n" +
	"Max-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: 139\r\n\r\n" + someSDP

func bareGateway(tb testing.TB) *Gateway {
	tb.Helper()
	g, err := New(Options{
		Config: Config{UDP: "127.0.0.1:0", Trunks: []Trunk{{Name: "c", Addresses: []string{"127.0.0.1"}, Media: []string{"127.0.0.0/8"}}}},
		Log:    discard(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(g.cancel)
	return g
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// tortureMessages are those of RFC 4475.
func tortureMessages(tb testing.TB) [][]byte {
	tb.Helper()
	files, err := filepath.Glob("testdata/rfc4475/*.dat")
	if err != nil {
		tb.Fatal(err)
	}
	var out [][]byte
	for _, file := range files {
		message, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, message)
	}
	return out
}
