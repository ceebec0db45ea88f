package sip

import (
	"context"
	"time"

	"github.com/emiago/sipgo/sip"
)

// parking is how long a CANCEL waits for the INVITE that it overtook, and how
// long an INVITE is remembered for its CANCEL: each message has a goroutine of
// its own, so the order of arrival is lost.
const parking = 200 * time.Millisecond

// missed is how long a CANCEL is remembered whose INVITE did not come while it
// was parked: on a busy machine it may be long in coming. RFC 3261 §17: T4, the
// life of a message in the network.
const missed = 5 * time.Second

// dialogKey names a call by our own tag, which nobody can guess.
type dialogKey struct{ callID, ourTag string }

// inviteKey names an INVITE before its dialog exists; its CANCEL, and a fork
// of it that came another way, have the same.
type inviteKey struct {
	callID, theirTag string
	seq              uint32
}

func keyOfInvite(req *sip.Request) inviteKey {
	k := inviteKey{callID: req.CallID().Value(), seq: req.CSeq().SeqNo}
	k.theirTag, _ = req.From().Params.Get("tag")
	return k
}

func keyOfDialog(req *sip.Request) dialogKey {
	tag, _ := req.To().Params.Get("tag")
	return dialogKey{callID: req.CallID().Value(), ourTag: tag}
}

// place is where CANCELs wait for one INVITE. It keeps the call, which may have
// ended again when they look.
type place struct {
	arrived chan struct{} // closed when call is set
	call    *call
	missed  bool // the CANCEL has been refused
}

// registry finds calls. The Gateway's mutex guards it.
type registry struct {
	dialogs map[dialogKey]*call
	invites map[inviteKey]*call
	parked  map[inviteKey]*place
}

func newRegistry() registry {
	return registry{
		dialogs: map[dialogKey]*call{}, invites: map[inviteKey]*call{}, parked: map[inviteKey]*place{},
	}
}

func (r *registry) all() []*call {
	out := make([]*call, 0, len(r.dialogs))
	for _, c := range r.dialogs {
		out = append(out, c)
	}
	return out
}

// enlist registers an inbound call, or says why not.
func (g *Gateway) enlist(c *call) *refusal {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || (g.config.MaxCalls > 0 && len(g.calls.dialogs) >= g.config.MaxCalls) {
		return busy()
	}
	if c.invite != nil {
		key := keyOfInvite(c.invite)
		if g.calls.invites[key] != nil { // RFC 3261 §8.2.2.2, merged request
			return refused(482, "Loop Detected")
		}
	}
	if !g.chores.begin() {
		return busy()
	}
	g.calls.dialogs[c.key()] = c
	if c.invite != nil {
		g.calls.arrive(keyOfInvite(c.invite), c)
	}
	return nil
}

// arrive hands a call to the CANCELs that wait for it.
func (r *registry) arrive(key inviteKey, c *call) {
	r.invites[key] = c
	waiting := r.parked[key]
	if waiting == nil {
		return
	}
	delete(r.parked, key)
	waiting.call = c
	close(waiting.arrived)
	if waiting.missed {
		go c.post(func() { c.onCancelled(nil) })
	}
}

// strike takes a call off the list. Its INVITE is remembered a moment longer,
// for a CANCEL that was on its way to it.
func (g *Gateway) strike(c *call) {
	g.mu.Lock()
	delete(g.calls.dialogs, c.key())
	g.mu.Unlock()
	if c.invite == nil {
		return
	}
	time.AfterFunc(parking, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.calls.invites, keyOfInvite(c.invite))
	})
}

func (g *Gateway) find(k dialogKey) *call {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls.dialogs[k]
}

// await finds an INVITE's call, or waits for it for a moment.
func (g *Gateway) await(ctx context.Context, k inviteKey) *call {
	g.mu.Lock()
	if c := g.calls.invites[k]; c != nil {
		g.mu.Unlock()
		return c
	}
	at := g.calls.parked[k]
	if at == nil {
		at = &place{arrived: make(chan struct{})}
		g.calls.parked[k] = at
	}
	g.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, parking)
	defer cancel()
	select {
	case <-at.arrived:
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if at.call == nil && !at.missed {
		at.missed = true
		time.AfterFunc(missed, func() { g.forget(k, at) })
	}
	return at.call
}

// forget ends the memory of a CANCEL.
func (g *Gateway) forget(k inviteKey, at *place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls.parked[k] == at {
		delete(g.calls.parked, k)
	}
}
