package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"hotline/gateway/phone"
	"hotline/media/prompt"
)

type call struct {
	URI    string        `arg:"" help:"Whom to call, such as sip:12345@127.0.0.1:5060."`
	From   string        `help:"The number shown." default:"13800138000"`
	Play   string        `help:"WAV file to say, again and again; 8 kHz, mono." type:"existingfile"`
	Record string        `help:"WAV file to write what was heard to." type:"path"`
	DTMF   string        `help:"Keys to press after the answer." name:"dtmf"`
	For    time.Duration `help:"Hang up that long after the answer; 0 waits for the other side or Ctrl-C."`
	TCP    bool          `help:"Call over TCP."`
}

// Run places one call and tells how it went.
func (c *call) Run(ctx context.Context, drain draining) error {
	ctx, stop := either(ctx, drain)
	defer stop()
	o := phone.Options{Target: c.URI, From: c.From, Digits: c.DTMF, HangupAfter: c.For, Record: c.Record != ""}
	if c.TCP {
		o.Transport = "tcp"
	}
	var err error
	if o.Play, err = readWAV(c.Play); err != nil {
		return err
	}
	report, err := place(ctx, o)
	if err != nil {
		return err
	}
	if report.Answered.IsZero() {
		return fmt.Errorf("not answered: status %d, %s", report.Status, report.Cause)
	}
	fmt.Printf("answered after %s, lasted %s, %d packets heard, ended: %s\n",
		round(report.Answered.Sub(report.Placed)), round(report.Ended.Sub(report.Answered)), report.Stats.In, report.Cause)
	if c.Record == "" {
		return nil
	}
	return writeWAV(c.Record, report.Heard)
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

func place(ctx context.Context, o phone.Options) (report phone.Report, err error) {
	p, err := phone.New(ctx, o.Target, logger(slog.LevelWarn))
	if err != nil {
		return report, err
	}
	late := context.WithoutCancel(ctx)
	defer func() { err = errors.Join(err, p.Close(late)) }()
	placed, err := p.Place(ctx, o)
	if err != nil {
		return report, err
	}
	return placed.Wait(late)
}

func readWAV(file string) (a prompt.Audio, err error) {
	if file == "" {
		return a, nil
	}
	f, err := os.Open(file) //nolint:gosec // G304: named on the command line by who runs it, who may read it anyway
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return prompt.ReadWAV(f)
}

func writeWAV(file string, a prompt.Audio) (err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, fs.FileMode(0o600)) //nolint:gosec // G304: named on the command line by who runs it, who may write it anyway
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return prompt.WriteWAV(f, a)
}
