package sip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/gateway/gatewaytest"
)

// silence is what a message gets that no answer is allowed to, or that says
// not where one would go.
const silence = ""

// tortured is one message of RFC 4475 and what we make of it.
type tortured struct {
	section string // of RFC 4475
	status  string // our first answer but 100
	why     string
	noTCP   string // why it cannot be tried on a stream
}

// torture is the RFC's list. We are a user agent that takes calls: REGISTER and
// MESSAGE we know and decline, whatever else is wrong with them.
func torture() map[string]tortured {
	return map[string]tortured{
		"wsinv":      {section: "3.1.1.1", status: "180", why: "a short tortuous INVITE is a call"},
		"intmeth":    {section: "3.1.1.2", status: "501", why: "a wide range of valid characters: the method is one we never heard of"},
		"esc01":      {section: "3.1.1.3", status: "180", why: "valid use of the % escaping mechanism is a call"},
		"escnull":    {section: "3.1.1.4", status: "405", why: "escaped nulls in URIs: a REGISTER like any other"},
		"esc02":      {section: "3.1.1.5", status: "501", why: "% is no escape in a method: not REGISTER but an unknown one"},
		"lwsdisp":    {section: "3.1.1.6", status: "200", why: "no LWS between display name and <: an OPTIONS like any other"},
		"longreq":    {section: "3.1.1.7", status: "180", why: "long values in header fields: a call"},
		"dblreq":     {section: "3.1.1.8", status: "405", why: "extra trailing octets in a UDP datagram are ignored; a REGISTER"},
		"semiuri":    {section: "3.1.1.9", status: "200", why: "semicolon-separated parameters in the user part"},
		"transports": {section: "3.1.1.10", status: "200", why: "varied and unknown transport types in Via"},
		"mpart01":    {section: "3.1.1.11", status: "405", why: "multipart MIME message: a MESSAGE like any other"},
		"unreason":   {section: "3.1.1.12", status: silence, why: "a response with an unusual reason phrase, of no transaction"},
		"noreason":   {section: "3.1.1.13", status: silence, why: "a response with an empty reason phrase, of no transaction"},

		"badinv01":   {section: "3.1.2.1", status: "400", why: "extraneous header field separators"},
		"clerr":      {section: "3.1.2.2", status: "400", why: "Content-Length larger than the message", noTCP: "a stream waits for the rest"},
		"ncl":        {section: "3.1.2.3", status: "400", why: "negative Content-Length"},
		"scalar02":   {section: "3.1.2.4", status: "400", why: "request scalar fields with overlarge values"},
		"scalarlg":   {section: "3.1.2.5", status: silence, why: "response scalar fields with overlarge values: discarded"},
		"quotbal":    {section: "3.1.2.6", status: "400", why: "unterminated quoted string in a display name"},
		"ltgtruri":   {section: "3.1.2.7", status: "400", why: "<> enclosing the Request-URI"},
		"lwsruri":    {section: "3.1.2.8", status: "400", why: "malformed Request-URI with embedded LWS"},
		"lwsstart":   {section: "3.1.2.9", status: "400", why: "multiple SP separating Request-Line elements"},
		"trws":       {section: "3.1.2.10", status: "400", why: "SP characters at the end of the Request-Line"},
		"escruri":    {section: "3.1.2.11", status: "400", why: "escaped headers in a SIP Request-URI"},
		"baddate":    {section: "3.1.2.12", status: "180", why: "invalid time zone in Date: ignored, a call"},
		"regbadct":   {section: "3.1.2.13", status: "405", why: "failure to enclose name-addr URI in <>: a REGISTER like any other"},
		"badaspec":   {section: "3.1.2.14", status: "400", why: "spaces within an addr-spec"},
		"baddn":      {section: "3.1.2.15", status: "200", why: "non-token characters in a display name: quotes are inferred"},
		"badvers":    {section: "3.1.2.16", status: "505", why: "unknown protocol version"},
		"mismatch01": {section: "3.1.2.17", status: "400", why: "start line and CSeq method mismatch"},
		"mismatch02": {section: "3.1.2.18", status: "400", why: "unknown method with CSeq method mismatch"},
		"bigcode":    {section: "3.1.2.19", status: silence, why: "overlarge response code: discarded"},

		"badbranch": {section: "3.2.1", status: "200", why: "branch of the magic cookie alone: matched by the rules of RFC 2543"},

		"insuf":    {section: "3.3.1", status: "400", why: "missing required header fields"},
		"unkscm":   {section: "3.3.2", status: "416", why: "Request-URI with unknown scheme"},
		"novelsc":  {section: "3.3.3", status: "416", why: "Request-URI with known but atypical scheme"},
		"unksm2":   {section: "3.3.4", status: "405", why: "unknown URI schemes in header fields: a REGISTER like any other"},
		"bext01":   {section: "3.3.5", status: "420", why: "Require with a value that nobody knows"},
		"invut":    {section: "3.3.6", status: "415", why: "unknown Content-Type"},
		"regaut01": {section: "3.3.7", status: "405", why: "unknown authorization scheme: a REGISTER like any other"},
		"multi01":  {section: "3.3.8", status: "400", why: "multiple values in single value required fields"},
		"mcl01":    {section: "3.3.9", status: "400", why: "multiple Content-Length values"},
		"bcast":    {section: "3.3.10", status: silence, why: "200 response with a broadcast Via: discarded"},
		"zeromf":   {section: "3.3.11", status: "483", why: "Max-Forwards of zero: we answer as the last proxy would"},
		"cparam01": {section: "3.3.12", status: "405", why: "REGISTER with a Contact header parameter"},
		"cparam02": {section: "3.3.13", status: "405", why: "REGISTER with a URL parameter"},
		"regescrt": {section: "3.3.14", status: "405", why: "REGISTER with a URL escaped header"},
		"sdp01":    {section: "3.3.15", status: "406", why: "unacceptable Accept offering"},

		"inv2543": {section: "3.4.1", status: "180", why: "INVITE as of RFC 2543 is a call", noTCP: "a stream needs a Content-Length"},

		// Not of the RFC but of the draft before it.
		"test": {section: "0", status: silence, why: "no version, no Via: nowhere to answer to"},
	}
}

// statusHeaders are headers that must come with a status.
func statusHeaders() map[string]string {
	return map[string]string{"405": "Allow: ", "415": "Accept: ", "420": "Unsupported: nothingSupportsThis", "406": "Accept: "}
}

// TestTorture sends the messages of RFC 4475 to a running Gateway, octet for
// octet: the sender sits at the port that the Via tells, on a loopback address
// of its own.
func TestTorture(t *testing.T) {
	t.Parallel()
	all := torture()
	files, err := filepath.Glob("testdata/rfc4475/*.dat")
	if err != nil || len(files) != len(all) {
		t.Fatalf("%d messages for %d expectations, %v", len(files), len(all), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".dat")
		want, ok := all[name]
		if !ok {
			t.Errorf("nothing is expected of %s", name)
			continue
		}
		message, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			what := want.why + ": " + want.status
			if want.status == silence {
				what = want.why + ": no answer"
			}
			gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 4475 §"+want.section, what)
			t.Run("UDP", func(t *testing.T) { t.Parallel(); want.overUDP(t, message) })
			t.Run("TCP", func(t *testing.T) { t.Parallel(); want.overTCP(t, message) })
		})
	}
}

// tortureNode takes calls from all of loopback, with audio at the addresses of
// the RFC's examples, and lets them ring.
func tortureNode(t *testing.T, change ...func(*Options)) *node {
	t.Helper()
	ring := func(ctx context.Context, in *Inbound) { _ = in.Ring(ctx) }
	return startNode(t, ring, append(change, func(o *Options) {
		o.Config.Trunks[0].Addresses = []string{"127.0.0.0/8"}
		o.Config.Trunks[0].Media = []string{"127.0.0.0/8", "192.0.2.0/24"}
	})...)
}

func (w tortured) overUDP(t *testing.T, message []byte) {
	n := tortureNode(t)
	p := newPeerOn(t, n.Addrs().UDP, viaPort(message))
	p.send(message)
	p.send(p.message("OPTIONS", "alive", "alive", "", "", ""))
	var got []string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		m := p.receive(300 * time.Millisecond)
		switch {
		case m == "" && alive(got) && (w.status == silence || len(got) > 1):
			deadline = time.Now()
		case m != "" && !strings.HasPrefix(m, "SIP/2.0 100"):
			got = append(got, m)
		}
	}
	w.judge(t, got)
}

func (w tortured) overTCP(t *testing.T, message []byte) {
	if w.noTCP != "" {
		t.Log(w.noTCP)
		return
	}
	n := tortureNode(t)
	p := newPeer(t, n.Addrs().UDP)
	c := dialTCP(t, n.Addrs().TCP)
	if _, err := c.Write(message); err != nil {
		t.Fatal(err)
	}
	var got []byte
	enough := func() bool { return bytes.Contains(got, []byte("SIP/2.0 "+w.status)) }
	wait := 5 * time.Second
	if w.status == silence {
		wait = 300 * time.Millisecond
	}
	_ = c.SetReadDeadline(time.Now().Add(wait))
	for b := make([]byte, 4096); w.status == silence || !enough(); {
		k, err := c.Read(b)
		got = append(got, b[:k]...)
		if err != nil {
			break
		}
	}
	p.send(p.message("OPTIONS", "alive", "alive", "", "", ""))
	answers := []string{p.expect("SIP/2.0 200")}
	for one := range strings.SplitSeq(string(got), "SIP/2.0 ") {
		if one != "" && !strings.HasPrefix(one, "100 ") && strings.Contains(one, "\r\nVia:") {
			answers = append(answers, "SIP/2.0 "+one)
		}
	}
	w.judge(t, answers[:min(2, len(answers))])
}

// judge looks at what came back: the answer, if there shall be one, and the
// proof that we live.
func (w tortured) judge(t *testing.T, got []string) {
	t.Helper()
	if !alive(got) {
		t.Error("OPTIONS was not answered any more")
	}
	var others []string
	for _, m := range got {
		if !strings.Contains(m, "Call-ID: alive") {
			others = append(others, m)
		}
	}
	if w.status == silence {
		if len(others) > 0 {
			t.Errorf("answered %q, want silence", firstLine(others[0]))
		}
		return
	}
	if len(others) != 1 || !strings.HasPrefix(others[0], "SIP/2.0 "+w.status+" ") {
		t.Fatalf("answered %q, want %s; all: %q", others, w.status, got)
	}
	if h := statusHeaders()[w.status]; !strings.Contains(others[0], h) {
		t.Errorf("no %q in %s", h, others[0])
	}
}

func alive(got []string) bool {
	for _, m := range got {
		if strings.HasPrefix(m, "SIP/2.0 200") && strings.Contains(m, "Call-ID: alive") {
			return true
		}
	}
	return false
}

// viaPort is where the topmost Via of a message has its answer sent.
func viaPort(message []byte) uint16 {
	_, rest, _ := strings.Cut(string(message), "\r\nVia")
	via, _, _ := strings.Cut(rest, ";")
	host := via[strings.LastIndexAny(via, " \t")+1:]
	if _, port, ok := strings.Cut(host, ":"); ok {
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			return uint16(n)
		}
	}
	return 5060
}

// newPeerOn is a peer at a port that the message fixes, on an address that
// nobody else uses.
func newPeerOn(t *testing.T, to netip.AddrPort, port uint16) *peer {
	t.Helper()
	for try := range 50 {
		at := corner(t.Name(), try)
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return &peer{t: t, conn: conn, to: to}
	}
	t.Fatalf("port %d is taken on all of loopback", port)
	return nil
}

// corner is a loopback address for a name, another with each try.
func corner(name string, try int) netip.Addr {
	h := fnv32(fmt.Sprint(os.Getpid(), name, try))
	return netip.AddrFrom4([4]byte{127, byte(64 + h%128), byte(h >> 8), byte(1 + (h>>16)%250)})
}

func fnv32(s string) uint32 {
	h := uint32(2166136261)
	for _, c := range []byte(s) {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

func dialTCP(t *testing.T, to netip.AddrPort) net.Conn {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func firstLine(m string) string {
	line, _, _ := strings.Cut(m, "\r\n")
	return line
}
