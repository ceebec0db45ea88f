package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/contact"
	"hotline/routing"
)

// ledger is the queue's own log of transitions, read as it is written, and held
// against the score: who was given to an agent was the first in order of all
// whom the agent could have served.
type ledger struct {
	steps []transition
	last  string
}

// transition is one entry of the log.
type transition struct {
	contact contact.ID
	from    routing.State
	to      routing.State
	agent   contact.AgentID
	by      routing.Meeting
	at      time.Time
	event   string
}

// follow reads the log until ctx ends and nothing more comes.
func (l *ledger) follow(ctx context.Context, client redis.UniversalClient) {
	l.last = "0"
	for ctx.Err() == nil {
		l.read(client)
		select {
		case <-ctx.Done():
		case <-tick():
		}
	}
	l.read(client)
}

func (l *ledger) read(client redis.UniversalClient) {
	for {
		got, err := client.XRangeN(context.Background(), "{"+hall+"}:log", "("+l.last, "+", 2000).Result()
		if err != nil || len(got) == 0 {
			return // Redis is away: the next look finds it
		}
		for _, m := range got {
			l.last = m.ID
			text := func(k string) string { s, _ := m.Values[k].(string); return s }
			l.steps = append(l.steps, transition{
				contact: contact.ID(text("contact")), from: routing.State(text("from")), to: routing.State(text("to")),
				agent: contact.AgentID(text("agent")), by: routing.Meeting(text("by")), event: text("event"), at: moment(text("at")),
			})
		}
	}
}

// scores reads every contact's score and anchors nothing: the hashes of what is
// over stay for an hour.
func (l *ledger) scores(client redis.UniversalClient) map[contact.ID]int64 {
	all := map[contact.ID]int64{}
	for _, s := range l.steps {
		if _, known := all[s.contact]; known {
			continue
		}
		text, err := client.HGet(context.Background(), "{"+hall+"}:c:"+string(s.contact), "score").Result()
		if n, bad := strconv.ParseInt(text, 10, 64); err == nil && bad == nil {
			all[s.contact] = n
		}
	}
	return all
}

// knows says whether the queue ever heard of the contact.
func (l *ledger) knows(id contact.ID) bool {
	return slices.ContainsFunc(l.steps, func(s transition) bool { return s.contact == id })
}

// story is what the log says of one contact.
func (l *ledger) story(id contact.ID) string {
	var all []string
	for _, s := range l.steps {
		if s.contact == id {
			all = append(all, fmt.Sprintf("%s %s>%s %s", s.event, s.from, s.to, s.agent))
		}
	}
	return strings.Join(all, ", ")
}

func moment(ms string) time.Time {
	n, _ := strconv.ParseInt(ms, 10, 64)
	return time.UnixMilli(n)
}

// longestOffer is how long a reservation may stand: ring, slack, a tick, and a
// Redis that was away meanwhile.
const longestOffer = ring + routing.LeaseSlack + 3*time.Second

// check replays the log.
func (l *ledger) check(c *city, scores map[contact.ID]int64) {
	waiting, offered := map[contact.ID]bool{}, map[contact.ID]time.Time{}
	accepted := map[pair]bool{}
	for _, s := range l.steps {
		if since, was := offered[s.contact]; was && s.at.Sub(since) > longestOffer {
			c.truth.breach(s.contact, "%s was on offer for %s", s.contact, s.at.Sub(since))
		}
		delete(offered, s.contact)
		if s.to == routing.Offered {
			offered[s.contact] = s.at
		}
		if s.to == routing.Offered && s.by == routing.Freed {
			c.truth.counts["matches held against the score"]++
			l.first(c, scores, waiting, s)
		}
		delete(waiting, s.contact)
		if s.to == routing.Wait {
			waiting[s.contact] = true
		}
		if s.to == routing.Talking {
			accepted[pair{s.contact, s.agent}] = true
		}
	}
	for _, p := range c.truth.pairs {
		if !accepted[p] {
			c.truth.breach(p.id, "%s speaks with %s, whom the queue did not give", p.id, p.agent)
		}
	}
}

func (l *ledger) first(c *city, scores map[contact.ID]int64, waiting map[contact.ID]bool, s transition) {
	serves := c.agents[s.agent].buckets
	for other := range waiting {
		_, able := serves[c.bucket(other)]
		if able && other != s.contact && scores[other] < scores[s.contact] {
			c.truth.breach(other, "%s was given %s while %s was before it", s.agent, s.contact, other)
			return
		}
	}
}

// bucket is where a citizen waits.
func (c *city) bucket(id contact.ID) routing.Bucket {
	if c.lines[id] == "12366" {
		return "tax"
	}
	return "general"
}

// summary is what was done, sorted.
func (t *truth) summary() []string {
	var lines []string
	for what, n := range t.counts {
		lines = append(lines, strconv.Itoa(n)+" "+what)
	}
	slices.Sort(lines)
	return lines
}
