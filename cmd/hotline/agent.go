package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"hotline/desk/headless"
)

type agent struct {
	URL         string        `arg:"" help:"The node, such as http://127.0.0.1:8080."`
	Account     string        `required:"" help:"Account name."`
	Password    string        `required:"" help:"Password." env:"HOTLINE_AGENT_PASSWORD"`
	Take        bool          `help:"Take the phone from another desk of the same agent."`
	AnswerAfter time.Duration `help:"How long the desk rings." default:"1s"`
	TalkFor     time.Duration `help:"Hang up after this; 0 waits for the citizen."`
	WrapUp      time.Duration `help:"How long to write." default:"1s"`
	Play        string        `help:"WAV file to say in a talk; 8 kHz, mono." type:"existingfile"`
	Ticket      bool          `help:"Write a sample ticket in every talk."`
}

// Run serves calls until a signal and prints one JSON line a call.
func (a *agent) Run(ctx context.Context, drain draining) error {
	ctx, stop := either(ctx, drain)
	defer stop()
	o := headless.Options{
		URL: a.URL, Account: a.Account, Password: a.Password, Log: logger(slog.LevelInfo),
		AnswerAfter: a.AnswerAfter, TalkFor: a.TalkFor, WrapUp: a.WrapUp,
	}
	if a.Take {
		o.Phone = "take"
	}
	if a.Ticket {
		o.Form = sampleForm(0)
	}
	audio, err := readWAV(a.Play)
	if err != nil {
		return err
	}
	if a.Play != "" {
		o.Play = audio.Linear()
	}
	served, err := headless.Dial(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "ready")
	return serveCalls(ctx, served)
}

func serveCalls(ctx context.Context, a *headless.Agent) error {
	out := json.NewEncoder(os.Stdout)
	for {
		select {
		case r, open := <-a.Reports():
			if !open {
				return a.Err()
			}
			if err := out.Encode(r); err != nil {
				return err
			}
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return errors.Join(a.Err(), a.Close(end))
		}
	}
}
