package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"hotline/media"
)

// An attack takes this long. The relays are tried side by side.
const (
	attackFrames  = 400 // of 20 ms, all in all
	lateFrom      = 250 // the attacker speaks in the running call, 150 packets
	firstUntil    = 200 // the attacker speaks before both, 200 packets
	firstSilence  = 25  // how long both others are silent then
	attackDrained = 300 * time.Millisecond
)

// benchInject counts what a stranger who has found a call's port gets into the
// call, and out of it: once in the running call and once from its first moment
// on, before either party has spoken.
func benchInject(ctx context.Context, l *lab) error {
	ours, err := l.attackOurs(ctx)
	if err != nil {
		return err
	}
	plain, strict, err := l.attackTheirs(ctx)
	if err != nil {
		return err
	}
	l.report(figure{"media-injected", ours.injected, "packets", peer, plain.injected, false})
	l.report(figure{"media-injected-strict-source", ours.injected, "packets", peer, strict.injected, false})
	l.report(figure{"media-bled", ours.bled, "packets", peer, plain.bled, false})
	l.report(figure{"media-bled-strict-source", ours.bled, "packets", peer, strict.bled, false})
	return nil
}

// damage is what came of an attack, in packets.
type damage struct {
	injected float64 // of the attacker, heard by the callee
	bled     float64 // of the callee, heard by the attacker
}

func (l *lab) attackOurs(ctx context.Context) (damage, error) {
	c, err := l.spawn(ctx, "relay")
	if err != nil {
		return damage{}, err
	}
	s, err := newScene(ctx, 2)
	if err != nil {
		return damage{}, err
	}
	defer s.close()
	var near Joined
	if err := c.do(ctx, "Relay.JoinTrunks", s.far(), &near); err != nil {
		return damage{}, err
	}
	s.join(near)
	if err := s.play(ctx); err != nil {
		return damage{}, err
	}
	for _, v := range s.calls {
		if got := v.callee.heard[citizen].Load(); got == 0 {
			return damage{}, errors.New("the call under attack carries nothing")
		}
	}
	return s.damage(0, 1), nil
}

// attackTheirs tries rtpengine as it comes, and with strict-source.
func (l *lab) attackTheirs(ctx context.Context) (plain, strict damage, err error) {
	e, err := l.rtpengine(ctx)
	if err != nil {
		return plain, strict, err
	}
	s, err := newScene(ctx, 4)
	if err != nil {
		return plain, strict, err
	}
	defer s.close()
	var near Joined
	for i, v := range s.calls {
		var flags []any
		if i >= 2 {
			flags = []any{"strict-source"}
		}
		toFirst, toSecond, err := e.joinTrunks(i, v.citizen.at(), v.callee.at(), flags...)
		if err != nil {
			return plain, strict, err
		}
		near.First, near.Second = append(near.First, toFirst), append(near.Second, toSecond)
	}
	s.join(near)
	if err := s.play(ctx); err != nil {
		return plain, strict, err
	}
	return s.damage(0, 1), s.damage(2, 3), nil
}

// party is who sends a packet of a scene.
type party uint32

const (
	citizen party = iota
	callee
	attacker
	parties
)

// scene is some calls under attack; every second one from its first moment on.
type scene struct {
	calls   []*victim
	readers sync.WaitGroup
}

// victim is one call and its attacker.
type victim struct {
	early                     bool
	citizen, callee, attacker *mouthpiece
}

func newScene(ctx context.Context, calls int) (*scene, error) {
	s := &scene{}
	for i := range calls {
		v := &victim{early: i%2 == 1}
		s.calls = append(s.calls, v)
		for who, at := range map[party]**mouthpiece{citizen: &v.citizen, callee: &v.callee, attacker: &v.attacker} {
			m, err := newMouthpiece(ctx, who)
			if err != nil {
				s.close()
				return nil, err
			}
			*at = m
			s.readers.Go(m.listen)
		}
	}
	return s, nil
}

func (s *scene) far() (far Opened) {
	for _, v := range s.calls {
		far.First = append(far.First, v.citizen.at())
		far.Second = append(far.Second, v.callee.at())
	}
	return far
}

// join tells everyone where to send to; the attacker has found the citizen's port.
func (s *scene) join(near Joined) {
	for i, v := range s.calls {
		v.citizen.to, v.callee.to, v.attacker.to = near.First[i], near.Second[i], near.First[i]
	}
}

// play lets all calls run and the attackers do theirs.
func (s *scene) play(ctx context.Context) error {
	tick := time.NewTicker(media.FrameDuration)
	defer tick.Stop()
	for frame := range attackFrames {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, v := range s.calls {
			for _, m := range v.speaking(frame) {
				m.speak(frame)
			}
		}
	}
	return wait(ctx, attackDrained)
}

// speaking is who says something in a frame, in the order of sending.
func (v *victim) speaking(frame int) (who []*mouthpiece) {
	attacks := frame >= lateFrom
	if v.early {
		attacks = frame < firstUntil
	}
	if attacks {
		who = append(who, v.attacker)
	}
	if !v.early || frame >= firstSilence {
		who = append(who, v.citizen, v.callee)
	}
	return who
}

// damage sums up what came of the calls from first to last.
func (s *scene) damage(first, last int) (d damage) {
	for _, v := range s.calls[first : last+1] {
		d.injected += float64(v.callee.heard[attacker].Load())
		d.bled += float64(v.attacker.heard[callee].Load())
	}
	return d
}

func (s *scene) close() {
	for _, v := range s.calls {
		for _, m := range []*mouthpiece{v.citizen, v.callee, v.attacker} {
			if m != nil {
				_ = m.conn.Close()
			}
		}
	}
	s.readers.Wait()
}

// mouthpiece is one party's socket. It hears whoever sends to it.
type mouthpiece struct {
	who   party
	conn  *net.UDPConn
	to    netip.AddrPort
	heard [parties]atomic.Int64 // packets by who said them
}

func newMouthpiece(ctx context.Context, who party) (*mouthpiece, error) {
	var c net.ListenConfig
	conn, err := c.ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("scene: %w", err)
	}
	udp, ok := conn.(*net.UDPConn)
	if !ok {
		return nil, errors.Join(errors.New("scene: not UDP"), conn.Close())
	}
	return &mouthpiece{who: who, conn: udp}, nil
}

func (m *mouthpiece) at() netip.AddrPort {
	at, err := netip.ParseAddrPort(m.conn.LocalAddr().String())
	if err != nil {
		return netip.AddrPort{} // a bound socket has an address
	}
	return at
}

func (m *mouthpiece) speak(frame int) {
	var packet [media.HeaderSize + media.FrameSamples]byte
	n := uint32(frame)
	media.Header{
		PayloadType: media.PayloadPCMA, Sequence: uint16(n), Timestamp: n * media.FrameSamples, SSRC: 0x7700 + uint32(m.who),
	}.Put(packet[:])
	stamp{stream: uint32(m.who), sequence: n}.put(packet[media.HeaderSize:])
	_, _ = m.conn.WriteToUDPAddrPort(packet[:], m.to) // what is refused is not heard
}

func (m *mouthpiece) listen() {
	buffer := make([]byte, media.MaxDatagram)
	for {
		n, err := m.conn.Read(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error
		}
		_, payload, err := media.ParseRTP(buffer[:n])
		if err != nil {
			continue
		}
		if s, ok := readStamp(payload); ok && s.stream < uint32(parties) {
			m.heard[s.stream].Add(1)
		}
	}
}
