package headless

import "context"

// speaking is the audio of the call at hand; nil when there is none.
func (a *Agent) speaking() *line {
	if a.call != nil && a.call.node != "" {
		return a.far[a.call.node]
	}
	return a.line
}

// reach brings the agent's audio to the node of a call, once; it stays there. A
// failure is only noted: the node gives the ring to the next agent.
func (a *Agent) reach(ctx context.Context, node string) {
	if node == "" || a.far[node] != nil {
		return
	}
	a.gen++
	l, err := newLine(a.gen, a.o.Keep)
	if err != nil {
		a.o.Log.Warn("no audio", "at", node, "error", err)
		return
	}
	a.far[node] = l
	sdp, err := l.offer(ctx)
	if err != nil || !a.try(ctx, "leg.offer", map[string]any{"node": node, "gen": a.gen, "sdp": sdp}) {
		a.o.Log.Warn("no audio at the other node", "at", node, "error", err)
		a.dropFar(node)
	}
}

// farChanged drops audio that has failed; the next call makes it anew.
func (a *Agent) farChanged(node string, gen uint64, state string) {
	if l := a.far[node]; l != nil && l.gen == gen && state == "failed" {
		a.dropFar(node)
	}
}

func (a *Agent) dropFar(node string) {
	l := a.far[node]
	delete(a.far, node)
	if l == nil {
		return
	}
	if err := l.close(); err != nil {
		a.o.Log.Warn("audio did not end well", "error", err)
	}
}

func (a *Agent) hangFar() {
	for node := range a.far {
		a.dropFar(node)
	}
}

// answeredTo takes the answer unless it is to an older offer.
func (l *line) answeredTo(gen uint64, sdp string) error {
	if gen != l.gen {
		return nil
	}
	return l.answered(sdp)
}
