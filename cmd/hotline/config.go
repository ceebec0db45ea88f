package main

import (
	"fmt"
	"os"
	"time"

	"hotline/config"
	"hotline/node"
)

type configGroup struct {
	Check     configCheck     `cmd:"" help:"Report all that is wrong with a file."`
	Explain   configExplain   `cmd:"" help:"Tell in words where a contact would wait, and whom it would be offered to."`
	Reference configReference `cmd:"" help:"Print every setting as Markdown."`
}

type configCheck struct {
	Strict bool   `help:"Refuse what is hardly meant too: holidays of the coming 61 days that are not known, queues that nobody serves or nothing leads to."`
	File   string `arg:"" type:"path"`
}

// Run fails with one line a problem, each with the field's path.
func (c *configCheck) Run() error {
	cfg, err := config.Load[node.Config](config.Options{File: c.File, Env: os.Environ()})
	if err != nil {
		return fmt.Errorf("%s:\n%w", c.File, err)
	}
	findings, err := cfg.Review(time.Now())
	if err != nil {
		return err
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	if c.Strict && len(findings) > 0 {
		return fmt.Errorf("%s: %d things that are hardly meant", c.File, len(findings))
	}
	fmt.Println(c.File, "is right")
	return nil
}

type configReference struct {
	File string `arg:"" optional:"" type:"path" help:"Write here instead of to the terminal."`
}

// Run prints docs/config.md.
func (c *configReference) Run() error {
	if c.File != "" {
		return os.WriteFile(c.File, []byte(node.Reference()), 0o644) //nolint:gosec // G306: a page of documentation holds no secret; others read it
	}
	fmt.Print(node.Reference())
	return nil
}
