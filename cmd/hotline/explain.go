package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"hotline/config"
	"hotline/contact"
	"hotline/node"
	"hotline/routing"
)

type configExplain struct {
	File    string   `arg:"" type:"path"`
	Number  string   `help:"The number that a citizen dials."`
	Channel string   `help:"Or the channel that a citizen writes by: web, app, wechat or weibo."`
	Account string   `help:"Account of the channel."`
	Topic   string   `help:"Topic that the citizen chose."`
	At      string   `help:"When, such as 2026-10-01T09:00, in the city's time; now when empty." placeholder:"TIME"`
	Last    string   `help:"Account of the agent who served the citizen an hour before."`
	Agent   string   `help:"Account of a seat to judge, with its skills of the file."`
	Skills  []string `help:"Skills of a seat to judge, such as general,enterprise=2."`
}

// cityZone is the time zone of --at.
const cityZone = "Asia/Shanghai"

// Run tells in words where the contact would wait, and whom it would be offered to.
func (c *configExplain) Run() error {
	cfg, err := config.Load[node.Config](config.Options{File: c.File, Env: os.Environ()})
	if err != nil {
		return fmt.Errorf("%s:\n%w", c.File, err)
	}
	book, err := cfg.Policy()
	if err != nil {
		return err
	}
	now, err := c.when()
	if err != nil {
		return err
	}
	ask := routing.Ask{Class: contact.Voice, Now: now, Last: contact.AgentID(c.Last), LastEnded: now.Add(-time.Hour)}
	if ask.Line, ask.Class, err = c.line(book); err != nil {
		return err
	}
	fmt.Print(book.Explain(ask, c.seat(cfg, now)))
	return nil
}

func (c *configExplain) when() (time.Time, error) {
	zone, err := time.LoadLocation(cityZone)
	if err != nil {
		return time.Time{}, err
	}
	if c.At == "" {
		return time.Now().In(zone), nil
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", c.At, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("--at: %q is no time such as 2026-10-01T09:00", c.At)
	}
	return at, nil
}

func (c *configExplain) line(book *routing.Book) (routing.Line, contact.Class, error) {
	switch {
	case (c.Number == "") == (c.Channel == ""):
		return routing.Line{}, "", errors.New("want --number or --channel")
	case c.Number != "":
		line, _, ok := book.ByNumber(c.Number)
		if !ok {
			return line, "", fmt.Errorf("no line answers %s: a call is refused", c.Number)
		}
		return line, contact.Voice, nil
	}
	line, ok := book.ByAccount(contact.Channel(c.Channel), c.Account, c.Topic)
	if !ok {
		return line, "", fmt.Errorf("no line answers account %q of %s", c.Account, c.Channel)
	}
	return line, contact.Text, nil
}

// seat is the one to judge; nil when none is named.
func (c *configExplain) seat(cfg node.Config, now time.Time) *routing.SeatAsk {
	seat := &routing.SeatAsk{ID: contact.AgentID(c.Agent), Skills: c.Skills, Now: now}
	for _, a := range cfg.People.Accounts {
		if string(a.ID) == c.Agent {
			seat.Skills = append(seat.Skills, a.Skills...)
		}
	}
	if c.Agent == "" && len(c.Skills) == 0 {
		return nil
	}
	return seat
}
