package desk

import (
	"context"
	"math"
	"time"
)

// The audio proof (docs/desk-protocol.md, "Audio").
const (
	proofHz       = 1000
	proofMS       = 1000
	proofPackets  = 25
	proofLevel    = 0.01
	proofOffHz    = 20
	proofDeadline = 6 * time.Second
)

// proof is one trial of both directions.
type proof struct {
	gen     uint64 // ours
	theirs  uint64
	counted bool
	failed  bool // nothing could be counted
	packets uint64
	heard   *heardData
	command *command // leg.heard, answered when both directions are known
}

type heardData struct {
	Gen   uint64  `json:"gen"`
	Level float64 `json:"level"`
	Hz    float64 `json:"hz"`
}

type toneData struct {
	Gen uint64 `json:"gen"`
	Hz  int    `json:"hz"`
	MS  int    `json:"ms"`
}

// prove starts the tone.
func (s *seat) prove(c *command) error {
	if err := decodeStrict(c.data, &nothing{}); err != nil {
		return err
	}
	switch {
	case s.state.speaking() || s.state == Ringing:
		return problem(Conflict, "通话中不能检测 / not during a call")
	case s.leg.state != legConnected && s.leg.state != legProven:
		return problem(NotReadyCode, "语音未连接 / the audio is not connected")
	case s.leg.proof != nil:
		return problem(Conflict, "检测进行中 / a proof is under way")
	}
	p := &proof{gen: s.leg.gen, theirs: s.leg.theirs}
	s.leg.proof = p
	c.by.send(frame("leg.tone", "", 0, toneData{p.theirs, proofHz, proofMS}))
	s.count(p)
	s.after(proofDeadline, func() { s.abandonProof(p) })
	return nil
}

// count plays the tone and counts what comes in meanwhile.
func (s *seat) count(p *proof) {
	s.beside.Go(func() {
		ctx, cancel := context.WithTimeout(s.life, orderTimeout)
		defer cancel()
		packets, err := s.leg.phone.Prove(ctx)
		s.box.post(func() {
			if err != nil {
				s.log.Warn("audio proof failed", "error", err)
			}
			p.counted, p.failed, p.packets = true, err != nil, packets
			s.judge(p)
		})
	})
}

// heard is what the desk measured.
func (s *seat) heard(c *command) error {
	var d heardData
	if err := decodeStrict(c.data, &d); err != nil {
		return err
	}
	p := s.leg.proof
	if p == nil || p.theirs != d.Gen || p.heard != nil {
		return &Problem{Code: NotReadyCode, Field: "gen", Message: "没有进行中的检测 / no proof under way"}
	}
	p.heard, p.command = &d, c
	s.judge(p)
	return errLater
}

// judge settles a proof once both directions are known.
func (s *seat) judge(p *proof) {
	if p != s.leg.proof || !p.counted || p.heard == nil {
		return
	}
	s.leg.proof = nil
	if p.failed {
		p.command.fail(problem(Unavailable, "暂时不能检测 / the proof could not be taken"))
		return
	}
	field := p.fault()
	s.desk.metrics.proofs.WithLabelValues(proofResult(field)).Inc()
	if field != "" {
		s.log.Warn("audio not proven", "fault", field, "packets", p.packets, "level", p.heard.Level, "hz", p.heard.Hz)
		s.unproven()
		p.command.fail(&Problem{Code: NotReadyCode, Field: field, Message: "语音检测未通过 / the audio is not proven"})
		return
	}
	s.leg.proven = s.leg.key
	s.legChanged(legProven)
	p.command.succeed()
}

// unproven takes an earlier proof back: the headset has been pulled since.
func (s *seat) unproven() {
	s.leg.proven = ""
	if s.leg.state == legProven {
		s.legChanged(legConnected)
	}
}

// fault names the part that failed, or nothing.
func (p *proof) fault() string {
	switch {
	case p.packets < proofPackets:
		return "packets"
	case !(p.heard.Level > proofLevel):
		return "level"
	case !(math.Abs(p.heard.Hz-proofHz) <= proofOffHz):
		return "hz"
	default:
		return ""
	}
}

// abandonProof ends a proof that one side never answered.
func (s *seat) abandonProof(p *proof) {
	if s.leg.proof != p {
		return
	}
	s.leg.proof = nil
	if p.command != nil {
		p.command.fail(problem(Unavailable, "语音检测超时 / the proof timed out"))
	}
}

func proofResult(field string) string {
	if field == "" {
		return "proven"
	}
	return field
}
