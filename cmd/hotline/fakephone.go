package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"hotline/gateway/phone"
	"hotline/media/prompt"
	"hotline/node"
)

type fakePhone struct {
	Listen netip.AddrPort `default:"127.0.0.1:5070" help:"Where to listen, UDP and TCP."`
	Ring   time.Duration  `default:"3s" help:"How long it rings."`
	Busy   bool           `help:"Refuse every call."`
	For    time.Duration  `default:"30s" help:"Hang up that long after the answer."`
}

// Run answers until a signal.
func (f *fakePhone) Run(ctx context.Context, drain draining) error {
	ctx, stop := either(ctx, drain)
	defer stop()
	p, err := f.listen(ctx, logger(slog.LevelInfo))
	if err != nil {
		return err
	}
	fmt.Println("answering at", p.Addr())
	<-ctx.Done()
	return hangUp(ctx, p)
}

// listen is the phone of every citizen at once: whatever number is dialled, it
// answers and says a tone.
func (f *fakePhone) listen(ctx context.Context, log *slog.Logger) (*phone.Phone, error) {
	return phone.Listen(ctx, phone.Home{
		At: f.Listen, Callers: []string{f.Listen.Addr().String()}, Ring: f.Ring, Busy: f.Busy, Log: log.With("part", "fake phone"),
		Options: phone.Options{Play: prompt.Tone(440, time.Second, 0.2), HangupAfter: f.For},
	})
}

func hangUp(ctx context.Context, p *phone.Phone) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return p.Close(ctx)
}

// demoPhone answers the demo city's call-backs. The city runs without it too.
func demoPhone(ctx context.Context, cfg node.Config, log *slog.Logger) (stop func()) {
	at, err := netip.ParseAddrPort(cfg.SIP.Trunks[0].Outbound)
	if err != nil {
		return func() {}
	}
	f := fakePhone{Listen: at, Ring: 3 * time.Second, For: 30 * time.Second}
	p, err := f.listen(ctx, log)
	if err != nil {
		log.Warn("no phone answers the demo's call-backs", "error", err)
		return func() {}
	}
	return func() { _ = hangUp(ctx, p) }
}
