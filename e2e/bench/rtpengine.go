package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// rtpengine is the peer: Sipwise's relay in user space, spoken to over its ng
// protocol (a cookie and a bencoded dictionary in one datagram).
type rtpengine struct {
	*process
	conn    net.Conn
	cookies int
}

const (
	rtpengineThreads  = 2
	rtpenginePatience = 20 * time.Second // it needs more than 1.2 s on a busy machine
	ngPatience        = 2 * time.Second
)

func (l *lab) rtpengine(ctx context.Context) (*rtpengine, error) {
	at, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "rtpengine", "--foreground", "--log-stderr", "--log-level=4", //nolint:gosec // a fixed program
		"--table=-1", "--interface=127.0.0.1", "--listen-ng="+at.String(),
		"--num-threads="+strconv.Itoa(rtpengineThreads))
	p, err := l.start("rtpengine", cmd)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", at.String())
	if err != nil {
		return nil, fmt.Errorf("rtpengine: %w", err)
	}
	e := &rtpengine{process: p, conn: conn}
	return e, p.until(ctx, rtpenginePatience, func(context.Context) error {
		_, err := e.ask(dict{"command": "ping"})
		return err
	})
}

// freePort is a UDP port that was free a moment ago.
func freePort(ctx context.Context) (netip.AddrPort, error) {
	var c net.ListenConfig
	conn, err := c.ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer func() { _ = conn.Close() }()
	return netip.ParseAddrPort(conn.LocalAddr().String())
}

// ask sends one command and returns the answer; the error tells what
// rtpengine made of it.
func (e *rtpengine) ask(command dict) (dict, error) {
	e.cookies++
	cookie := strconv.Itoa(e.cookies) + " "
	if _, err := e.conn.Write(bencode([]byte(cookie), command)); err != nil {
		return nil, fmt.Errorf("rtpengine: %w", err)
	}
	if err := e.conn.SetReadDeadline(time.Now().Add(ngPatience)); err != nil {
		return nil, err
	}
	buffer := make([]byte, 64<<10)
	for {
		n, err := e.conn.Read(buffer)
		if err != nil {
			return nil, fmt.Errorf("rtpengine: %w", err)
		}
		if answer, ok := bytes.CutPrefix(buffer[:n], []byte(cookie)); ok {
			return readAnswer(answer)
		}
	}
}

func readAnswer(b []byte) (dict, error) {
	value, err := bdecode(b)
	if err != nil {
		return nil, fmt.Errorf("rtpengine: %w", err)
	}
	answer, ok := value.(dict)
	if !ok {
		return nil, fmt.Errorf("rtpengine: %w: not a dictionary", errBencode)
	}
	switch answer["result"] {
	case "ok", "pong":
		return answer, nil
	default:
		return nil, fmt.Errorf("rtpengine: %v: %v", answer["result"], answer["error-reason"])
	}
}

// negotiate runs offer or answer and returns the rewritten description.
func (e *rtpengine) negotiate(command dict) (string, error) {
	answer, err := e.ask(command)
	if err != nil {
		return "", err
	}
	sdp, ok := answer["sdp"].(string)
	if !ok {
		return "", errors.New("rtpengine: no sdp in the answer")
	}
	return sdp, nil
}

// joinTrunks makes call i between two trunks: offered by the first, answered
// by the second. It returns where each of them sends to.
func (e *rtpengine) joinTrunks(i int, first, second netip.AddrPort, flags ...any) (toFirst, toSecond netip.AddrPort, err error) {
	call := strconv.Itoa(i)
	offer, err := e.negotiate(dict{
		"command": "offer", "call-id": call, "from-tag": "first", "sdp": trunkSDP(first),
		"flags": flags, "replace": []any{"origin", "session-connection"}, "ICE": "remove",
	})
	if err != nil {
		return toFirst, toSecond, err
	}
	answer, err := e.negotiate(dict{
		"command": "answer", "call-id": call, "from-tag": "first", "to-tag": "second", "sdp": trunkSDP(second),
		"flags": flags, "replace": []any{"origin", "session-connection"}, "ICE": "remove",
	})
	if err != nil {
		return toFirst, toSecond, err
	}
	if toSecond, err = sdpAddress(offer); err != nil {
		return toFirst, toSecond, err
	}
	toFirst, err = sdpAddress(answer)
	return toFirst, toSecond, err
}

// joinBrowser makes call i between a browser that offers and a trunk that
// answers. It returns the answer for the browser and where the trunk sends to.
func (e *rtpengine) joinBrowser(i int, trunk netip.AddrPort, offer string) (answer string, at netip.AddrPort, err error) {
	call := strconv.Itoa(i)
	// An address of zeros, as browsers write it beside ICE, would count as hold.
	offer = strings.ReplaceAll(offer, "IN IP4 0.0.0.0", "IN IP4 127.0.0.1")
	forTrunk, err := e.negotiate(dict{
		"command": "offer", "call-id": call, "from-tag": "browser", "sdp": offer,
		"transport-protocol": "RTP/AVP", "ICE": "remove", "DTLS": "passive", "rtcp-mux": []any{"demux"},
		"replace": []any{"origin", "session-connection"},
	})
	if err != nil {
		return "", at, err
	}
	if at, err = sdpAddress(forTrunk); err != nil {
		return "", at, err
	}
	answer, err = e.negotiate(dict{
		"command": "answer", "call-id": call, "from-tag": "browser", "to-tag": "trunk", "sdp": trunkSDP(trunk),
		"transport-protocol": "UDP/TLS/RTP/SAVPF", "ICE": "force", "DTLS": "passive", "rtcp-mux": []any{"accept"},
		"replace": []any{"origin", "session-connection"},
	})
	return answer, at, err
}

// trunkSDP is what a carrier writes.
func trunkSDP(at netip.AddrPort) string {
	return fmt.Sprintf("v=0\r\no=- %d 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"+
		"m=audio %d RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n",
		at.Port(), at.Addr(), at.Addr(), at.Port())
}

// sdpAddress is where the one audio line of a description receives.
func sdpAddress(sdp string) (netip.AddrPort, error) {
	var ip, port string
	for line := range strings.Lines(sdp) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 3 && fields[0] == "c=IN":
			ip = fields[2]
		case len(fields) > 2 && fields[0] == "m=audio":
			port = fields[1]
		}
	}
	at, err := netip.ParseAddrPort(ip + ":" + port)
	if err != nil {
		return at, fmt.Errorf("session description: %w", err)
	}
	return at, nil
}
