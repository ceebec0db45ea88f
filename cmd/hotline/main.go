// Command hotline is the whole product in one binary: a node, and the tools to
// try, probe and explain it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"
)

// cli is the command line; each command is a struct with a Run method.
type cli struct {
	Serve    serve       `cmd:"" help:"Run a node. Without a file, the demo city."`
	Demo     demo        `cmd:"" help:"Send citizens to a running node and show what became of each."`
	Call     call        `cmd:"" help:"A citizen's phone: place one call."`
	Agent    agent       `cmd:"" help:"A headless agent: signs in, answers, talks, writes a ticket."`
	Load     loading     `cmd:"" help:"Many citizens and agents on a schedule against a running node; a report."`
	Fake     fake        `cmd:"" help:"Documented fakes of the outside world."`
	Simulate simulation  `cmd:"" help:"A routing policy against arrivals, held against the Erlang formulas."`
	Config   configGroup `cmd:"" help:"Check a configuration, or print the reference."`
}

func main() {
	var c cli
	k := kong.Parse(&c, kong.Name("hotline"), kong.UsageOnError(),
		kong.Description("The software behind a city's 12345 line."))
	ctx, drain, stop := signals(context.Background())
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	err := k.Run(drain)
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "hotline:", err)
		stop()
		os.Exit(1) // stop has run: nothing deferred is lost
	}
}
