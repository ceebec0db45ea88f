package headless

import (
	"context"
	"encoding/json"
	"time"
)

// connect offers a new connection; its proof follows when it is up.
func (a *Agent) connect(ctx context.Context) error {
	a.hang()
	a.gen++
	l, err := newLine(a.gen, a.o.Keep)
	if err != nil {
		return err
	}
	a.line = l
	sdp, err := l.offer(ctx)
	if err != nil {
		return err
	}
	return a.client.Do(ctx, "leg.offer", map[string]any{"node": a.node, "gen": a.gen, "sdp": sdp})
}

func (a *Agent) legAnswer(f Frame) error {
	var d struct {
		Node string `json:"node"`
		Gen  uint64 `json:"gen"`
		SDP  string `json:"sdp"`
	}
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	if l := a.far[d.Node]; l != nil {
		return l.answeredTo(d.Gen, d.SDP)
	}
	if a.line == nil || d.Gen != a.line.gen {
		return nil // to an older offer
	}
	return a.line.answered(d.SDP)
}

func (a *Agent) legChanged(ctx context.Context, f Frame) error {
	var d struct {
		Node  string `json:"node"`
		Gen   uint64 `json:"gen"`
		State string `json:"state"`
	}
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	if d.Node != "" {
		a.farChanged(d.Node, d.Gen, d.State)
		return nil
	}
	switch {
	case a.line == nil || d.Gen != a.line.gen:
	case d.State == "connected" && (a.call == nil || a.call.wrapping):
		a.try(ctx, "leg.prove", struct{}{})
	case d.State == "failed":
		return a.connect(ctx)
	}
	return nil
}

// prove measures the tone while it speaks itself, and gets ready.
func (a *Agent) prove(ctx context.Context, f Frame) error {
	var d struct {
		Gen uint64 `json:"gen"`
		MS  int    `json:"ms"`
	}
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	if a.line == nil || d.Gen != a.line.gen {
		return nil
	}
	hz, loud := a.measure(ctx, time.Duration(d.MS)*time.Millisecond)
	proven := a.try(ctx, "leg.heard", map[string]any{"gen": d.Gen, "level": loud, "hz": hz})
	if a.proofs++; !proven && a.proofs < proofsAtMost {
		a.try(ctx, "leg.prove", struct{}{}) // the machine may have been busy
		return nil
	}
	a.proofs = 0
	if a.call == nil && proven {
		a.try(ctx, "agent.state", map[string]any{"state": "ready"})
	}
	return nil
}

// measure speaks for as long as the tone lasts and tells what it heard.
func (a *Agent) measure(ctx context.Context, lasts time.Duration) (hz, loud float64) {
	a.line.speak(Sine(440))
	defer a.line.hush()
	over := time.NewTimer(lasts)
	defer over.Stop()
	wait, cancel := context.WithTimeout(ctx, lasts+time.Second)
	defer cancel()
	samples, err := a.line.ear.Await(wait, int(lasts.Seconds()*0.8*8000))
	select {
	case <-over.C:
	case <-ctx.Done():
	}
	if err != nil {
		return 0, 0
	}
	return loudest(samples), level(samples)
}
