package desk

import (
	"context"

	"hotline/contact"
	"hotline/gateway/webrtc"
)

// WebRTC finds the seats' audio in the gateway.
func WebRTC(g *webrtc.Gateway) Phones { return gatewayPhones{g} }

type gatewayPhones struct{ gateway *webrtc.Gateway }

// Phone implements Phones.
func (p gatewayPhones) Phone(agent contact.AgentID) Phone {
	g := &gatewayPhone{
		gateway: p.gateway, agent: agent, seat: p.gateway.Seat(agent), events: make(chan PhoneEvent),
		closing: make(chan struct{}), done: make(chan struct{}),
	}
	go g.translate()
	return g
}

// gatewayPhone is one seat of the gateway.
type gatewayPhone struct {
	gateway *webrtc.Gateway
	agent   contact.AgentID
	seat    *webrtc.Seat
	events  chan PhoneEvent
	closing chan struct{}
	done    chan struct{}
}

// Answer implements Phone.
func (p *gatewayPhone) Answer(ctx context.Context, gen uint64, offer string) (string, error) {
	return p.seat.Answer(ctx, int(gen), offer)
}

// Prove implements Phone.
func (p *gatewayPhone) Prove(ctx context.Context) (uint64, error) {
	proof, err := p.seat.Prove(ctx)
	return proof.PacketsIn, err
}

// Events implements Phone.
func (p *gatewayPhone) Events() <-chan PhoneEvent { return p.events }

// Close implements Phone; it is called once, by the seat.
func (p *gatewayPhone) Close(ctx context.Context) error {
	close(p.closing)
	p.gateway.Forget(p.agent)
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// translate passes events on until the gateway's seat has ended.
func (p *gatewayPhone) translate() {
	defer close(p.done)
	defer close(p.events)
	for e := range p.seat.Events() {
		news := PhoneEvent{Gen: uint64(e.Generation), State: stateOf(e.Kind)}
		select {
		case p.events <- news:
		case <-p.closing:
		}
	}
}

func stateOf(k webrtc.SeatEventKind) PhoneState {
	switch k {
	case webrtc.Connected:
		return PhoneConnected
	case webrtc.Disconnected:
		return PhoneDisconnected
	case webrtc.Failed:
		return PhoneFailed
	}
	return PhoneFailed
}
