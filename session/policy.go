package session

import (
	"context"
	"strconv"
	"strings"
	"time"

	"hotline/contact"
	"hotline/records"
	"hotline/routing"
)

// Bounds of the search for who served the citizen last.
const (
	lastWithin  = time.Second
	lastRecords = 5
)

// planned is what the policy says of the contact. It is asked once, for the
// moment when the contact came in: what changes with the hour does not change
// for who waits already.
func (v *visit) planned() routing.Plan {
	if v.plan == nil {
		p := v.hall.o.Lines.Plan(v.ask())
		v.plan = &p
	}
	return *v.plan
}

// ask is the contact as the policy is asked about it.
func (v *visit) ask() routing.Ask {
	if v.cameIn.IsZero() {
		v.cameIn = v.hall.o.Now()
	}
	return routing.Ask{
		Line: v.line, Class: v.contact.Channel.Class(), Now: v.cameIn,
		Last: v.last.Agent, LastEnded: v.last.TalkEnded, Load: v.hall.loadOf,
	}
}

// meets lets the contact be planned as one of a citizen whom somebody knows.
func (v *visit) meets(last records.Record) {
	if last.Agent != "" {
		v.last, v.plan = last, nil
	}
}

// lastTalk finds the last talk of the citizen, where the policy has wanted to know.
// It blocks for the records, a second at most; nobody is known where they are away.
func (v *visit) lastTalk(ctx context.Context, wanted bool) (last records.Record) {
	ref := v.record.CitizenRef
	if ref == "" || !wanted {
		return last
	}
	ctx, cancel := context.WithTimeout(ctx, lastWithin)
	defer cancel()
	all, err := v.hall.o.Records.OfCitizen(ctx, ref, lastRecords)
	if err != nil {
		v.log.Warn("not known who served the citizen last", "error", err)
		return last
	}
	for _, r := range all { // the newest first
		if r.Contact != v.contact.ID && r.Agent != "" && !r.TalkEnded.IsZero() {
			return r
		}
	}
	return last
}

// noteQueued takes down where the contact waits, and why there.
func (v *visit) noteQueued() { v.notePlan(records.Queued) }

func (v *visit) notePlan(k records.EventKind) {
	p := v.planned()
	e := p.Entry
	facts := map[string]string{
		records.FactLine:    e.Line,
		records.FactQueue:   p.Queue,
		records.FactBuckets: joined(e.Buckets),
		records.FactSteps:   steps(e.Steps),
		records.FactCredit:  milliseconds(e.Credit),
		records.FactTrail:   strings.Join(p.Trail, ","),
	}
	if k == records.Queued { // no other changes it
		facts[records.FactBand] = strconv.Itoa(e.Band)
	}
	v.noteFacts(k, facts)
}

// noteFacts adds an event with what was considered; what is empty is left out.
func (v *visit) noteFacts(k records.EventKind, facts map[string]string) {
	for key, fact := range facts {
		if fact == "" {
			delete(facts, key)
		}
	}
	v.hall.files.put(v.record, records.Event{
		Contact: v.contact.ID, At: v.now(), Kind: k, Agent: v.agent, Facts: facts,
	})
}

// whyOffered is the queue's reason as facts.
func whyOffered(r routing.Reason) map[string]string {
	return map[string]string{
		records.FactBy:     string(r.By),
		records.FactVia:    string(r.Via),
		records.FactWaited: milliseconds(r.Waited),
		records.FactScore:  strconv.FormatInt(r.Score, 10),
		records.FactTier:   strconv.Itoa(r.Tier),
		records.FactLoad:   strconv.Itoa(r.Load),
		records.FactIdle:   milliseconds(r.Idle),
		records.FactOthers: strconv.Itoa(r.Others),
		records.FactNext:   r.Next,
	}
}

func joined(buckets []routing.Bucket) string {
	all := make([]string, len(buckets))
	for i, b := range buckets {
		all[i] = string(b)
	}
	return strings.Join(all, ",")
}

func steps(all []routing.Step) string {
	told := make([]string, len(all))
	for i, s := range all {
		told[i] = milliseconds(s.After) + ":" + joined(s.Add)
	}
	return strings.Join(told, ";")
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// lastBeside finds the citizen's last talk beside the greeting.
func (s *session) lastBeside(ctx context.Context) <-chan records.Record {
	found := make(chan records.Record, 1)
	wanted := s.hall.o.Lines.WantsLast(s.line)
	s.hall.running.Go(func() { found <- s.lastTalk(ctx, wanted) })
	return found
}

// closed tells the caller that nobody works at this hour, and nowhere else.
func (s *session) closed(prompt string) { s.dismiss(prompt, contact.RefusedClosed) }
