package webrtc

import (
	"context"
	"fmt"
	"time"

	"github.com/pion/interceptor"
	pion "github.com/pion/webrtc/v4"

	"hotline/media"
)

// peer is one peer connection of a seat. Its mutable fields belong to the
// seat's lock.
type peer struct {
	seat       *Seat
	who        identity
	pc         *pion.PeerConnection
	track      *track
	begun      time.Time
	generation int           // of the newest offer answered
	told       SeatEventKind // the newest news of it
}

func newPeer(s *Seat, who identity) (*peer, error) {
	certificate, err := s.gateway.certificate()
	if err != nil {
		return nil, err
	}
	pc, err := s.gateway.engine.NewPeerConnection(pion.Configuration{
		BundlePolicy: pion.BundlePolicyMaxBundle,
		Certificates: []pion.Certificate{certificate},
	})
	if err != nil {
		return nil, fmt.Errorf("webrtc: peer connection: %w", err)
	}
	p := &peer{seat: s, who: who, pc: pc, track: &track{}, begun: time.Now()}
	sender, err := pc.AddTrack(p.track)
	if err != nil {
		_ = pc.Close()
		return nil, fmt.Errorf("webrtc: add track: %w", err)
	}
	for _, t := range pc.GetTransceivers() {
		if err := t.SetCodecPreferences(codecParameters()); err != nil {
			_ = pc.Close()
			return nil, fmt.Errorf("webrtc: prefer A-law: %w", err)
		}
	}
	s.gateway.running.Go(func() { drain(sender) })
	pc.OnTrack(p.hear)
	pc.OnConnectionStateChange(func(pion.PeerConnectionState) { s.changed(p) })
	return p, nil
}

// reader is pion's RTPSender or RTPReceiver.
type reader interface {
	Read(b []byte) (int, interceptor.Attributes, error)
}

// drain reads RTCP until the connection is closed; pion would buffer it.
func drain(from reader) {
	b := make([]byte, media.MaxDatagram)
	for {
		if _, _, err := from.Read(b); err != nil {
			return
		}
	}
}

// negotiate answers one offer, with all candidates in the answer. What pion
// makes of hostile text must not end the node, so a panic is an error here.
func (p *peer) negotiate(ctx context.Context, offer string) (answer string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("webrtc: answer: panic: %T", r) // its words may be the offer's
		}
	}()
	remote := pion.SessionDescription{Type: pion.SDPTypeOffer, SDP: offer}
	if err := p.pc.SetRemoteDescription(remote); err != nil {
		return "", badOffer("%w", err)
	}
	local, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("webrtc: answer: %w", err)
	}
	gathered := pion.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(local); err != nil {
		return "", fmt.Errorf("webrtc: answer: %w", err)
	}
	select {
	case <-gathered:
		return p.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", fmt.Errorf("webrtc: gather candidates: %w", ctx.Err())
	}
}

// hear reads what the browser says until the connection is closed.
func (p *peer) hear(from *pion.TrackRemote, receiver *pion.RTPReceiver) {
	p.seat.gateway.running.Go(func() { drain(receiver) })
	var in inbound
	in.learn(receiver.GetParameters().Codecs)
	for {
		n, _, err := from.Read(in.buffer[:])
		switch {
		case n == 0 && err != nil:
			return // closed
		case err != nil:
			continue // a payload type that was not negotiated
		case in.parse(n):
			p.seat.take(p, &in.packet)
		}
	}
}

// format is what the browser understands; false before the negotiation.
func (p *peer) format() (law media.Law, digits, ok bool) {
	b := p.track.bound.Load()
	if b == nil {
		return 0, false, false
	}
	return b.law, b.digits != 0, true
}

func (p *peer) close() {
	if err := p.pc.GracefulClose(); err != nil {
		p.seat.log.Debug("closing the peer connection", "error", err)
	}
}
