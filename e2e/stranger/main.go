// Command stranger is somebody whom the house does not know: it floods a SIP
// socket with INVITEs and junk at a fixed rate and counts what comes back. It
// runs as a process of its own beside the test that judges.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"
)

// step is how often a batch goes out.
const step = 2 * time.Millisecond

// report is what the stranger writes at the end.
type report struct {
	Invites  int     `json:"invites"`
	Junk     int     `json:"junk"`
	Seconds  float64 `json:"seconds"`
	Received int64   `json:"received"` // octets that came back
}

func main() {
	from := flag.String("from", "127.0.0.66", "our address")
	to := flag.String("to", "", "the victim, IP:port")
	invites := flag.Int("invites", 5000, "INVITEs a second")
	junk := flag.Int("junk", 20000, "datagrams of junk a second")
	lasting := flag.Duration("for", 30*time.Second, "how long")
	flag.Parse()
	r, err := flood(*from, *to, *invites, *junk, *lasting)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func flood(from, to string, invites, junk int, lasting time.Duration) (report, error) {
	victim, err := netip.ParseAddrPort(to)
	if err != nil {
		return report{}, err
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(from)})
	if err != nil {
		return report{}, err
	}
	defer func() { _ = conn.Close() }()
	var received atomic.Int64
	go listen(conn, &received)
	s := sender{conn: ipv4.NewPacketConn(conn), to: net.UDPAddrFromAddrPort(victim), from: conn.LocalAddr().String()}
	began := time.Now()
	tick := time.NewTicker(step)
	defer tick.Stop()
	var r report
	for since := time.Duration(0); since < lasting; since = time.Since(began) {
		want := since.Seconds()
		if err := s.send(int(want*float64(invites))-r.Invites, int(want*float64(junk))-r.Junk); err != nil {
			return r, err
		}
		r.Invites, r.Junk = s.invites, s.junk
		<-tick.C
	}
	r.Seconds = time.Since(began).Seconds()
	<-time.After(time.Second) // for what is still on its way
	r.Received = received.Load()
	return r, nil
}

func listen(conn *net.UDPConn, received *atomic.Int64) {
	for b := make([]byte, 65536); ; {
		n, _, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		received.Add(int64(n))
	}
}

// sender sends batches with one system call each.
type sender struct {
	conn          *ipv4.PacketConn
	to            *net.UDPAddr
	from          string
	invites, junk int
}

// send catches up, but not with more than a fifth of a second's worth at once.
func (s *sender) send(invites, junk int) error {
	const most = 1024
	batch := make([]ipv4.Message, 0, 64)
	for n := range min(invites, most) + min(junk, 4*most) {
		if n < min(invites, most) {
			batch = append(batch, s.message(s.invite()))
			s.invites++
		} else {
			batch = append(batch, s.message(s.noise()))
			s.junk++
		}
		if len(batch) == cap(batch) {
			if err := s.flush(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return s.flush(batch)
}

func (s *sender) flush(batch []ipv4.Message) error {
	for len(batch) > 0 {
		n, err := s.conn.WriteBatch(batch, 0)
		if err != nil {
			return err
		}
		batch = batch[n:]
	}
	return nil
}

func (s *sender) message(b []byte) ipv4.Message {
	return ipv4.Message{Buffers: [][]byte{b}, Addr: s.to}
}

func (s *sender) invite() []byte {
	return fmt.Appendf(nil, "INVITE sip:12345@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d;rport\r\nFrom: <sip:100@%s>;tag=s%d\r\n"+
		"To: <sip:12345@%s>\r\nCall-ID: stranger%d\r\nCSeq: 1 INVITE\r\nContact: <sip:100@%s>\r\nMax-Forwards: 70\r\nUser-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n",
		s.to, s.from, s.invites, s.from, s.invites, s.to, s.invites, s.from)
}

// noise is never the same twice and never SIP.
func (s *sender) noise() []byte {
	return fmt.Appendf(nil, "\x00\xff%x OPTIONS sip: \r\n\r\n%d", s.junk*2654435761, s.junk)
}
