package main

import (
	"context"
	"fmt"
	"time"

	"hotline/load"
)

const (
	answerAgents  = 20
	answerCalls   = 200
	answerRate    = 5 // a second; 20 agents could take 8
	answerTalk    = 2 * time.Second
	answerCeiling = 100 // ms
)

// benchAnswer measures how long it takes from an agent's accept until each
// party is heard: inside the node, from the accept received to the first packet
// of the other party sent, and at both ears.
func benchAnswer(ctx context.Context, l *lab) error {
	_, at, err := l.city(ctx, CityArgs{Agents: answerAgents, Recorded: true})
	if err != nil {
		return err
	}
	o := crowd(at, accounts(answerAgents))
	o.Supervisor = load.Account{Name: supervisorName, Password: supervisorPassword}
	o.Rate, o.For, o.Calls, o.Talk = answerRate, time.Hour, answerCalls, answerTalk
	if l.quick {
		o.Calls = answerCalls / 10
	}
	o.For = time.Duration(float64(o.Calls) / o.Rate * 1.5 * float64(time.Second))
	r, err := load.Run(ctx, o)
	if err != nil {
		return err
	}
	if r.Served < o.Calls*9/10 || !r.Ledger.Balanced || r.Node == nil {
		return fmt.Errorf("%d of %d calls were served, ledger %+v, error %q", r.Served, r.Offered, r.Ledger, r.Error)
	}
	l.note("  of %d calls: accept to joined p99 ≤ %v ms, then to the citizen ≤ %v ms, to the agent ≤ %v ms; set-up p99 %v ms",
		r.Served, r.Node.JoinP99, r.Node.CitizenP99, r.Node.AgentP99, r.SetupMS.P99)
	inside := r.Node.JoinP99 + max(r.Node.CitizenP99, r.Node.AgentP99)
	l.report(figure{"accept-to-audio", inside, "ms p99, in the node, upper bound", ceiling, answerCeiling, false})
	l.report(figure{"accept-to-audio-citizen", r.CitizenHearsMS.P99, "ms p99, at the ear", alone, 0, false})
	l.report(figure{"accept-to-audio-agent", r.AgentHearsMS.P99, "ms p99, at the ear", alone, 0, false})
	return nil
}
