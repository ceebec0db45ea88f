package webrtc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hotline/media"
	"hotline/media/prompt"
)

// The tone of a proof, which the browser listens for.
const (
	proofTone      = 1000 // Hz
	proofTime      = time.Second
	proofAmplitude = 0.25
)

// Errors of a proof.
var (
	ErrNotConnected = errors.New("webrtc: the browser is not connected")
	ErrProving      = errors.New("webrtc: a proof is under way")
)

// Proof is what one second of audio showed.
type Proof struct {
	// Toned says that the tone was played; during a call it is not.
	Toned bool
	// PacketsIn counts the browser's packets, 50 when all is well.
	PacketsIn uint64
	// PacketsOut counts what was sent to the browser.
	PacketsOut uint64
	// Peak is the loudest sample of the browser, 0 to 32,767: below 32 the
	// microphone is dead or muted.
	Peak int
}

// add counts one packet; the seat's lock guards it.
func (p *Proof) add(packet *media.Packet) {
	p.PacketsIn++
	if packet.Kind != media.Audio {
		return
	}
	for _, octet := range packet.Payload {
		sample := int(packet.Law.Decode(octet))
		p.Peak = max(p.Peak, sample, -sample)
	}
}

// Prove plays a second of 1,000 Hz to the browser and listens meanwhile. The
// caller joins it with what the browser heard. During a call nothing is
// played, and only counted. Errors: ErrNotConnected, ErrProving, the context's.
func (s *Seat) Prove(ctx context.Context) (Proof, error) {
	proof, err := s.prove(ctx)
	outcome := "heard"
	switch {
	case err != nil:
		outcome = "error"
	case proof.PacketsIn == 0:
		outcome = "silent"
	}
	s.gateway.metrics.proofs.WithLabelValues(outcome).Inc()
	return proof, err
}

func (s *Seat) prove(ctx context.Context) (Proof, error) {
	if !s.Connected() {
		return Proof{}, ErrNotConnected
	}
	taken := &Proof{}
	if !s.beginProof(taken) {
		return Proof{}, ErrProving
	}
	before := s.Stats().Out
	err := s.sound(ctx, taken)
	proof := s.endProof(taken)
	proof.PacketsOut = s.Stats().Out - before
	if err != nil {
		return proof, fmt.Errorf("webrtc: prove: %w", err)
	}
	return proof, nil
}

func (s *Seat) beginProof(p *Proof) bool {
	s.in.Lock()
	defer s.in.Unlock()
	if s.proof != nil {
		return false
	}
	s.proof = p
	return true
}

func (s *Seat) endProof(p *Proof) Proof {
	s.in.Lock()
	defer s.in.Unlock()
	s.proof = nil
	return *p
}

// sound plays the tone, or waits as long.
func (s *Seat) sound(ctx context.Context, p *Proof) error {
	source := s.out.NewSource()
	audio := prompt.Silence(proofTime)
	if p.Toned = s.out.Borrow(source); p.Toned {
		defer s.out.Release(source)
		audio = prompt.Tone(proofTone, proofTime, proofAmplitude)
	}
	playing := s.gateway.wheel.Play(source, audio, false)
	select {
	case <-playing.Done():
		return nil
	case <-ctx.Done():
		playing.Stop()
		<-playing.Done()
		return ctx.Err()
	}
}
