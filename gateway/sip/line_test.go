package sip

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// line is one dialog of a peer with a Gateway, byte by byte.
type line struct {
	*peer

	callID   string
	from, to string // as we write them, with tags
	contact  string
	target   string // their Contact
	seq      int    // of our last request
}

// phone begins a dialog of ours; nothing is sent.
func phone(t *testing.T, n *node, id string) *line {
	t.Helper()
	p := newPeer(t, n.Addrs().UDP)
	at := p.conn.LocalAddr().String()
	return &line{
		peer: p, callID: id, from: "<sip:13812345678@x>;tag=f" + id, to: "<sip:12345@127.0.0.1>",
		contact: "<sip:c@" + at + ">", target: "sip:12345@" + n.Addrs().UDP.String(),
	}
}

// called is the dialog of an INVITE that the Gateway sent to p.
func (p *peer) called(invite string) *line {
	return &line{
		peer: p, callID: header(invite, "Call-ID"), from: header(invite, "To") + ";tag=callee", to: header(invite, "From"),
		contact: "<sip:c@" + p.conn.LocalAddr().String() + ">", target: uriOf(header(invite, "Contact")),
	}
}

// stream describes a stream of the peer; more are lines of it, such as a=sendonly.
func stream(version int, at string, formats string, more ...string) string {
	host, port, _ := strings.Cut(at, ":")
	body := fmt.Sprintf("v=0\r\no=- 1 %d IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %s RTP/AVP %s\r\na=rtpmap:101 telephone-event/8000\r\n",
		version, host, port, formats)
	for _, l := range more {
		body += l + "\r\n"
	}
	return body
}

const someMedia = "127.0.0.1:40000"

// ask sends the next request of the dialog and returns its number.
func (l *line) ask(method, headers, body string) int {
	l.t.Helper()
	l.seq++
	l.write(method, l.seq, "b"+strconv.Itoa(l.seq), headers, body)
	return l.seq
}

func (l *line) write(method string, seq int, branch, headers, body string) {
	l.t.Helper()
	if body != "" {
		headers += "Content-Type: application/sdp\r\n"
	}
	l.send(fmt.Appendf(nil, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n"+
		"Contact: %s\r\nMax-Forwards: 70\r\n%sContent-Length: %d\r\n\r\n%s",
		method, l.target, l.conn.LocalAddr(), branch, l.callID, l.from, l.to, l.callID, seq, method, l.contact, headers, len(body), body))
}

// ack acknowledges a 2xx.
func (l *line) ack(seq int, body string) { l.write("ACK", seq, "a"+strconv.Itoa(seq), "", body) }

// status waits for an answer to a request and fails if it is another one.
func (l *line) status(want, method string, seq int, parts ...string) string {
	l.t.Helper()
	m := l.answered(method, seq)
	if m[8:11] != want {
		l.t.Fatalf("%d %s was answered\n%s\nwant %s", seq, method, m, want)
	}
	for _, part := range parts {
		if !strings.Contains(m, part) {
			l.t.Errorf("the %s to %d %s lacks %q:\n%s", want, seq, method, part, m)
		}
	}
	return m
}

// answered waits for a final answer.
func (l *line) answered(method string, seq int) string {
	l.t.Helper()
	var got []string
	for range 100 {
		m := l.receive(5 * time.Second)
		if m == "" {
			break
		}
		got = append(got, firstLine(m)+" / "+header(m, "CSeq")+" / "+header(m, "Call-ID"))
		if strings.HasPrefix(m, "SIP/2.0 ") && m[8] != '1' && header(m, "CSeq") == fmt.Sprintf("%d %s", seq, method) && header(m, "Call-ID") == l.callID {
			return m
		}
	}
	l.t.Fatalf("no answer to %d %s of %s to %s, only\n%s", seq, method, l.callID, l.to, strings.Join(got, "\n"))
	return ""
}

// establish calls, waits for the answer and acknowledges it.
func (l *line) establish(headers, body string) string {
	l.t.Helper()
	seq := l.ask("INVITE", headers, body)
	m := l.status("200", "INVITE", seq)
	l.to, l.target = header(m, "To"), uriOf(header(m, "Contact"))
	answer := ""
	if body == "" {
		answer = stream(1, someMedia, "8 101")
	}
	l.ack(seq, answer)
	return m
}

// hangUp ends the dialog.
func (l *line) hangUp() {
	l.t.Helper()
	l.status("200", "BYE", l.ask("BYE", "", ""))
}

// take gives the final answer to a request of theirs.
func (l *line) take(request, status, headers, body string) {
	l.t.Helper()
	if body != "" {
		headers += "Content-Type: application/sdp\r\n"
	}
	to := header(request, "To")
	if !strings.Contains(to, "tag=") {
		to = l.from
	}
	l.send(fmt.Appendf(nil, "SIP/2.0 %s Whatever\r\n%sTo: %s\r\nContact: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		status, copied(request, "Via:", "From:", "Call-ID:", "CSeq:"), to, l.contact, headers, len(body), body))
}

func header(m, name string) string {
	for line := range strings.SplitSeq(m, "\r\n") {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func uriOf(v string) string {
	_, v, _ = strings.Cut(v, "<")
	v, _, _ = strings.Cut(v, ">")
	return v
}

// origin is the version in the o-line of a message.
func origin(t *testing.T, m string) int {
	t.Helper()
	found := regexp.MustCompile(`o=- \d+ (\d+) `).FindStringSubmatch(m)
	if found == nil {
		t.Fatalf("no o-line in\n%s", m)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// echo is a house that answers and plays back what it hears.
func echo(ctx context.Context, in *Inbound) {
	if in.Answer(ctx) == nil {
		out := in.Media().Out()
		back := out.NewSource()
		out.Select(back)
		in.Media().Forward(back)
	}
}

// dial lets the Gateway call a peer and returns the INVITE's dialog.
func dial(t *testing.T, n *node) (*line, *Outbound, string) {
	t.Helper()
	p := newPeer(t, n.Addrs().UDP)
	leg, err := n.Dial(t.Context(), DialRequest{To: "sip:1@" + p.conn.LocalAddr().String()})
	if err != nil {
		t.Fatal(err)
	}
	invite := p.expect("INVITE ")
	return p.called(invite), leg, invite
}

// mediaOf is the address that a session description names.
func mediaOf(t *testing.T, m string) netip.AddrPort {
	t.Helper()
	host := regexp.MustCompile(`c=IN IP4 (\S+)`).FindStringSubmatch(m)
	port := regexp.MustCompile(`m=audio (\d+)`).FindStringSubmatch(m)
	if host == nil || port == nil {
		t.Fatalf("no audio in\n%s", m)
	}
	a, err := netip.ParseAddrPort(host[1] + ":" + port[1])
	if err != nil {
		t.Fatal(err)
	}
	return a
}
