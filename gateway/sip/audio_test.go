package sip

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"

	"hotline/media"
)

// ear is a peer's audio socket.
type ear struct {
	t        *testing.T
	conn     *net.UDPConn
	sequence uint16
}

func newEar(t *testing.T) *ear {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &ear{t: t, conn: conn}
}

func (e *ear) at() string { return e.conn.LocalAddr().String() }

// say sends one packet of 20 ms.
func (e *ear) say(to netip.AddrPort, payloadType uint8) {
	e.t.Helper()
	e.sequence++
	b := make([]byte, media.HeaderSize, media.HeaderSize+media.FrameSamples)
	media.Header{PayloadType: payloadType, Sequence: e.sequence, Timestamp: uint32(e.sequence) * media.FrameSamples, SSRC: 7}.Put(b)
	b = append(b, bytes.Repeat([]byte{byte(e.sequence)}, media.FrameSamples)...)
	if _, err := e.conn.WriteToUDPAddrPort(b, to); err != nil {
		e.t.Fatal(err)
	}
}

// hears says whether a packet comes within d, and its payload type.
func (e *ear) hears(d time.Duration) (uint8, bool) {
	e.t.Helper()
	if err := e.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		e.t.Fatal(err)
	}
	for {
		b := make([]byte, media.MaxDatagram)
		n, err := e.conn.Read(b)
		if err != nil {
			return 0, false
		}
		if h, _, err := media.ParseRTP(b[:n]); err == nil && h.PayloadType < 72 { // no RTCP
			return h.PayloadType, true
		}
	}
}

// wantEcho speaks until it hears itself.
func (e *ear) wantEcho(to netip.AddrPort, payloadType uint8) {
	e.t.Helper()
	for range 100 {
		e.say(to, payloadType)
		if got, ok := e.hears(50 * time.Millisecond); ok {
			if got != payloadType {
				e.t.Errorf("payload type %d comes back, want %d", got, payloadType)
			}
			return
		}
	}
	e.t.Fatal("no audio comes back")
}

// wantSilence speaks and must hear nothing.
func (e *ear) wantSilence(to netip.AddrPort, payloadType uint8) {
	e.t.Helper()
	for _, ok := e.hears(20 * time.Millisecond); ok; { // what was under way
		_, ok = e.hears(20 * time.Millisecond)
	}
	for range 5 {
		e.say(to, payloadType)
	}
	if _, ok := e.hears(200 * time.Millisecond); ok {
		e.t.Error("audio comes where none may")
	}
}
