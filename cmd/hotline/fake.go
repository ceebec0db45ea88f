package main

import (
	"context"
	"fmt"
	"log/slog"

	"hotline/config"
	"hotline/tickets/fakeunit"
)

type fake struct {
	Unit  fakeUnit  `cmd:"" help:"A responsible unit: takes tickets, verifies signatures, lists them at /received."`
	Phone fakePhone `cmd:"" help:"Every citizen's phone: answers call-backs, whatever number is dialled."`
}

type fakeUnit struct {
	Listen string   `default:"127.0.0.1:8090" help:"Where to listen."`
	Secret []string `required:"" help:"Accepted signing keys (whsec_…)." env:"HOTLINE_UNIT_SECRET"`
}

// Run serves until a signal.
func (f *fakeUnit) Run(ctx context.Context, drain draining) error {
	ctx, stop := either(ctx, drain)
	defer stop()
	o := fakeunit.Options{Listen: f.Listen, Log: logger(slog.LevelInfo)}
	for _, s := range f.Secret {
		o.Secrets = append(o.Secrets, config.NewSecret(s))
	}
	unit, err := fakeunit.Start(ctx, o)
	if err != nil {
		return err
	}
	fmt.Println("taking tickets at", unit.URL())
	<-ctx.Done()
	return unit.Close()
}
