package phone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"hotline/gateway"
	"hotline/gateway/sip"
	"hotline/media/engine"
	"hotline/media/prompt"
	"hotline/media/rtp"
)

// Phone places calls; many at a time. All methods may be called from any goroutine.
type Phone struct {
	engine  *engine.Engine
	gateway *sip.Gateway
	ports   *rtp.Ports
	wheel   *prompt.Wheel
	log     *slog.Logger
}

// New opens a phone whose address is the one that the host reaches target
// from. It listens on a free UDP port, to the peers of its own calls only.
func New(ctx context.Context, target string, log *slog.Logger) (*Phone, error) {
	at, err := address(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("phone: %w", err)
	}
	p := &Phone{log: log}
	listen := netip.AddrPortFrom(at, 0).String()
	if err := p.open(ctx, at, sip.Config{UDP: listen, TCP: listen}, nil); err != nil {
		return nil, errors.Join(fmt.Errorf("phone: %w", err), p.Close(context.WithoutCancel(ctx)))
	}
	return p, nil
}

func (p *Phone) open(ctx context.Context, at netip.Addr, c sip.Config, called func(gateway.Inbound)) (err error) {
	if p.engine, err = engine.New(engine.Options{Config: engine.Config{Loops: 1}, Log: p.log}); err != nil {
		return err
	}
	if p.ports, err = rtp.NewPorts(rtp.Options{Config: rtp.Config{Address: at}, Engine: p.engine, Log: p.log}); err != nil {
		return err
	}
	p.wheel = prompt.NewWheel(p.log)
	p.gateway, err = sip.New(sip.Options{Config: c, Ports: p.ports, Log: p.log, OnCall: called})
	if err != nil {
		return err
	}
	return p.gateway.Start(ctx)
}

// Close hangs up and frees everything. Safe to call twice.
func (p *Phone) Close(ctx context.Context) error {
	var errs []error
	if p.gateway != nil {
		errs = append(errs, p.gateway.Close(ctx))
	}
	if p.ports != nil {
		p.ports.Close()
	}
	if p.wheel != nil {
		p.wheel.Close()
	}
	if p.engine != nil {
		errs = append(errs, p.engine.Close(ctx))
	}
	return errors.Join(errs...)
}

// address finds the local address towards the host of a SIP URI. Nothing is sent.
func address(ctx context.Context, target string) (netip.Addr, error) {
	host, err := hostOf(target)
	if err != nil {
		return netip.Addr{}, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp4", host)
	if err != nil {
		return netip.Addr{}, errors.New("target: no way to its host")
	}
	defer func() { _ = conn.Close() }()
	udp, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.Addr{}, errors.New("target: no local address")
	}
	return udp.AddrPort().Addr().Unmap(), nil
}

// hostOf is host:port of sip:user@host:port;params.
func hostOf(target string) (string, error) {
	rest, ok := strings.CutPrefix(target, "sip:")
	if !ok {
		return "", errors.New(`target: want a URI such as "sip:12345@192.0.2.1:5060"`)
	}
	if _, after, ok := strings.Cut(rest, "@"); ok {
		rest = after
	}
	host, _, _ := strings.Cut(rest, ";")
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), "5060")
	}
	return host, nil
}
