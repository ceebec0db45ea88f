package node

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"hotline/media/prompt"
	"hotline/routing"
)

// openPolicy makes the policy ready, and tells what it is hardly meant to lack.
func (n *Node) openPolicy() (err error) {
	if n.lines, err = n.cfg.Policy(); err != nil {
		return err
	}
	n.review()
	n.metrics.watchPolicy(func() int { return len(n.lines.Review(n.now(), nil)) })
	return nil
}

func (n *Node) review() {
	for _, f := range n.lines.Review(n.now(), nil) {
		n.log.Warn("the policy is hardly meant so", "field", f.Path, "reason", f.Text)
	}
}

// Policy is the part of the configuration that routes, made ready.
func (c Config) Policy() (*routing.Book, error) {
	return routing.NewBook(c.policy())
}

func (c Config) policy() routing.Config { return routing.Config{Lines: c.Lines, Policy: c.Routing} }

// Review finds what the policy can live with but is hardly meant, given the
// date and the accounts of the configuration.
func (c Config) Review(now time.Time) ([]routing.Finding, error) {
	book, err := c.Policy()
	if err != nil {
		return nil, err
	}
	accounts := make([]routing.SeatAsk, 0, len(c.People.Accounts))
	for _, a := range c.People.Accounts {
		accounts = append(accounts, routing.SeatAsk{ID: a.ID, Skills: a.Skills})
	}
	missing, err := c.missingPrompts()
	return append(book.Review(now, accounts), missing...), err
}

// missingPrompts finds announcements that lines and queues name and nobody has.
func (c Config) missingPrompts() (all []routing.Finding, err error) {
	prompts, err := prompt.Embedded()
	if err != nil {
		return nil, err
	}
	check := func(path, name string) {
		if _, ok := prompts.Get(name); !ok && name != "" {
			all = append(all, routing.Finding{Path: path, Text: "there is no prompt called " + name})
		}
	}
	for i, l := range c.Lines {
		check(fmt.Sprintf("lines[%d].greeting", i), l.Greeting)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Routing.Queues)) {
		check("routing.queues."+name+".closed.message", c.Routing.Queues[name].Closed.Message)
	}
	return all, nil
}
