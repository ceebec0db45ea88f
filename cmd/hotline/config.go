package main

import (
	"fmt"
	"os"

	"hotline/config"
	"hotline/node"
)

type configGroup struct {
	Check     configCheck     `cmd:"" help:"Report all that is wrong with a file."`
	Reference configReference `cmd:"" help:"Print every setting as Markdown."`
}

type configCheck struct {
	File string `arg:"" type:"path"`
}

// Run fails with one line a problem, each with the field's path.
func (c *configCheck) Run() error {
	if _, err := config.Load[node.Config](config.Options{File: c.File, Env: os.Environ()}); err != nil {
		return fmt.Errorf("%s:\n%w", c.File, err)
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
