package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"hotline/desk/headless"
)

// citizen is one of the demo's.
type citizen struct {
	number string // as shown to the trunk
	target string
	hz     float64 // what they say
}

// citizenOf makes the i-th; the last four digits find their record again.
func citizenOf(i int, at string) citizen {
	dialled := []string{"12345", "12315", "12345", "12333", "96156"}
	return citizen{
		number: fmt.Sprintf("1380%03d%04d", i, time.Now().UnixMilli()/100%10000),
		target: fmt.Sprintf("sip:%s@%s", dialled[i%len(dialled)], at),
		hz:     float64(440 + 60*i),
	}
}

// city reads what the running node and its unit know.
type city struct {
	rest *headless.REST
	unit string
}

func (d *demo) enter(ctx context.Context) (*city, error) {
	who := pairs(d.Supervisor)
	if len(who) != 1 {
		return nil, errors.New("supervisor: want account:password")
	}
	rest, err := headless.SignIn(ctx, d.URL, who[0][0], who[0][1])
	if err != nil {
		return nil, fmt.Errorf("is the node running? start it with make run: %w", err)
	}
	return &city{rest: rest, unit: d.Unit}, nil
}

func (c *city) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = c.rest.SignOut(ctx) // a session that stays ends by itself
	c.rest.CloseIdle()
}

// agents counts those who take calls, or will after what they do now.
func (c *city) agents(ctx context.Context) (int, error) {
	var hall struct {
		Agents []struct {
			State string `json:"state"`
		} `json:"agents"`
	}
	if err := c.rest.Call(ctx, http.MethodGet, "/hall", nil, &hall); err != nil {
		return 0, err
	}
	n := 0
	for _, a := range hall.Agents {
		switch a.State {
		case "ready", "ringing", "talking", "held", "wrapup":
			n++
		}
	}
	return n, nil
}

// record is a contact as the API tells it.
type record struct {
	Contact   string `json:"contact"`
	Caller    string `json:"caller"`
	Agent     string `json:"agent"`
	Connected string `json:"connected"`
	TalkMS    int64  `json:"talk_ms"`
	Ended     string `json:"ended"`
	Cause     string `json:"cause"`
}

// find is the newest contact of that number.
func (c *city) find(ctx context.Context, number string) (record, bool, error) {
	var list struct {
		Contacts []record `json:"contacts"`
	}
	if err := c.rest.Call(ctx, http.MethodGet, "/contacts?limit=100", nil, &list); err != nil {
		return record{}, false, err
	}
	masked := "+86" + number[:3] + "****" + number[7:]
	for _, r := range list.Contacts {
		if r.Caller == masked {
			return r, true, nil
		}
	}
	return record{}, false, nil
}

// until asks four times a second.
func until(ctx context.Context, what string, ask func() (bool, error)) error {
	every := time.NewTicker(250 * time.Millisecond)
	defer every.Stop()
	for {
		if done, err := ask(); err != nil || done {
			return err
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		}
	}
}

// connected returns once an agent has answered the number.
func (c *city) connected(ctx context.Context, number string) error {
	return until(ctx, "nobody answered", func() (bool, error) {
		r, found, err := c.find(ctx, number)
		if found && r.Connected == "" && r.Ended != "" {
			err = fmt.Errorf("the call ended: %s", r.Cause)
		}
		return found && r.Connected != "", err
	})
}

// trace follows a talk to its ticket, and the ticket to the unit.
func (c *city) trace(ctx context.Context, o *outcome) error {
	err := until(ctx, "no ticket", func() (bool, error) {
		r, found, err := c.find(ctx, o.number)
		if err != nil || !found {
			return false, err
		}
		o.contact, o.agent, o.talked = r.Contact, r.Agent, time.Duration(r.TalkMS)*time.Millisecond
		return c.ticketOf(ctx, o)
	})
	if err != nil {
		return err
	}
	return until(ctx, "ticket not at the unit", func() (bool, error) { return c.received(ctx, o) })
}

func (c *city) ticketOf(ctx context.Context, o *outcome) (bool, error) {
	var one struct {
		Tickets []struct {
			Number string `json:"ticket_no"`
		} `json:"tickets"`
	}
	err := c.rest.Call(ctx, http.MethodGet, "/contacts/"+o.contact, nil, &one)
	if err != nil || len(one.Tickets) == 0 || o.talked == 0 {
		return false, err
	}
	o.ticket = one.Tickets[0].Number
	return true, nil
}

// received asks the unit itself.
func (c *city) received(ctx context.Context, o *outcome) (bool, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, c.unit+"/received", nil)
	if err != nil {
		return false, err
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return false, fmt.Errorf("unit: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var list []struct {
		Number string `json:"ticket_no"`
		Unit   string `json:"unit"`
		Signed bool   `json:"signature_ok"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return false, fmt.Errorf("unit: %w", err)
	}
	for _, t := range list {
		if t.Number == o.ticket && t.Signed {
			o.unit = t.Unit
			return true, nil
		}
	}
	return false, nil
}

// pairs reads "a:b,c:d".
func pairs(s string) (out [][2]string) {
	for one := range strings.SplitSeq(s, ",") {
		if account, password, ok := strings.Cut(one, ":"); ok {
			out = append(out, [2]string{account, password})
		}
	}
	return out
}
