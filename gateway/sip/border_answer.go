package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// maxAnswer bounds what is said to a message that we could not read.
const maxAnswer = 4 << 10

// traces are what an answer repeats of its request (RFC 3261 §8.2.6.2).
type traces struct {
	vias                   []string
	from, to, callID, cSeq string
	unclean                bool
}

// rawAnswer answers a request that was not parsed, and names the port of its
// sender that it goes to. nil: what came is no request, or does not say where
// the answer belongs.
func rawAnswer(message []byte, from netip.AddrPort, r *refusal, s secret) (answer []byte, port uint16) {
	start, _, _ := bytes.Cut(message, []byte("\r\n"))
	method, _, _ := bytes.Cut(bytes.TrimLeft(start, " \t"), []byte(" "))
	if len(method) == 0 || bytes.EqualFold(method, []byte("ACK")) || bytes.HasPrefix(bytes.ToUpper(method), []byte("SIP/")) {
		return nil, 0
	}
	e := readEcho(message)
	if len(e.vias) == 0 || e.unclean {
		return nil, 0
	}
	port, e.vias[0] = sentBy(e.vias[0], from)
	answer = e.write(r, s)
	if len(answer) > maxAnswer || len(answer) > amplification*len(message) {
		return nil, 0
	}
	return answer, port
}

// unreadable is what a request gets that the stack cannot parse: 416 for a
// scheme of which it does not even know the letters, 400 for anything else.
func unreadable(message []byte) *refusal {
	start, _, _ := bytes.Cut(message, []byte("\r\n"))
	parts := strings.Split(string(start), " ")
	if len(parts) == 3 {
		scheme, _, ok := strings.Cut(parts[1], ":")
		if ok && isScheme(scheme) && !slices.Contains([]string{"sip", "sips", "tel"}, strings.ToLower(scheme)) {
			return refused(416, "Unsupported URI Scheme")
		}
	}
	return refused(400, "Bad Request")
}

// isScheme says whether s is one by RFC 3986 §3.1.
func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return s != ""
}

// readEcho collects header lines, folded ones too, up to the first empty line.
func readEcho(message []byte) traces {
	var e traces
	var name, value string
	_, rest, _ := bytes.Cut(message, []byte("\r\n"))
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			if value += " " + strings.TrimSpace(string(line)); len(value) > maxLine {
				e.unclean = true
				return e
			}
			continue
		}
		e.take(name, value)
		if len(line) == 0 {
			return e
		}
		before, after, _ := strings.Cut(string(line), ":")
		name, value = strings.ToLower(strings.TrimSpace(before)), strings.TrimSpace(after)
	}
	e.take(name, value)
	return e
}

func (e *traces) take(name, value string) {
	at := map[string]*string{
		"from": &e.from, "f": &e.from, "to": &e.to, "t": &e.to, "call-id": &e.callID, "i": &e.callID, "cseq": &e.cSeq,
	}[name]
	switch {
	case name == "via" || name == "v":
		e.vias = append(e.vias, value)
	case at == nil:
		return
	case *at == "":
		*at = value
	}
	e.unclean = e.unclean || strings.ContainsAny(value, "\r\n") || len(e.vias) > maxVias
}

func (e *traces) write(r *refusal, s secret) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", r.status, r.reason)
	for _, v := range e.vias {
		b.WriteString("Via: " + v + "\r\n")
	}
	if e.to != "" && !strings.Contains(strings.ToLower(strings.ReplaceAll(e.to, " ", "")), ";tag=") {
		e.to += ";tag=" + s.tag(e.callID, e.from, e.cSeq)
	}
	for _, h := range [][2]string{{"From", e.from}, {"To", e.to}, {"Call-ID", e.callID}, {"CSeq", e.cSeq}} {
		if h[1] != "" {
			b.WriteString(h[0] + ": " + h[1] + "\r\n")
		}
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.Bytes()
}

// sentBy tells the port that the answer goes to, at the address that the
// request came from, and completes the Via (RFC 3261 §18.2.2, RFC 3581 §4).
func sentBy(via string, from netip.AddrPort) (port uint16, completed string) {
	first, others, listed := strings.Cut(via, ",")
	way, params, _ := strings.Cut(first, ";")
	port = uint16(sip.DefaultUdpPort)
	if fields := strings.Fields(way); len(fields) > 0 {
		host := fields[len(fields)-1]
		if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
			if n, err := strconv.ParseUint(host[at+1:], 10, 16); err == nil && n > 0 {
				port = uint16(n)
			}
		}
	}
	for p := range strings.SplitSeq(params, ";") {
		if strings.EqualFold(strings.TrimSpace(p), "rport") {
			port = from.Port()
			first = strings.Replace(first, p, fmt.Sprintf("rport=%d;received=%s", port, from.Addr()), 1)
			break
		}
	}
	if listed {
		first += "," + others
	}
	return port, first
}
