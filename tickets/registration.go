package tickets

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"hotline/contact"
)

// filled completes what the desk left to the server.
func (r Registration) filled() Registration {
	q := &r.Fields.Requester
	if q.Phone != "" {
		q.Phone = phone(q.Phone)
	} else if citizen := phone(r.Contact.Citizen.Reveal()); e164(citizen) && !q.Anonymous {
		q.Phone = citizen
	}
	return r
}

// digest tells one registration from another under the same key.
func (r Registration) digest() (string, error) {
	b, err := json.Marshal(struct {
		Contact contact.ID
		Fields  Fields
	}{r.Contact.ID, r.Fields})
	if err != nil {
		return "", fmt.Errorf("tickets: digest form: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// ref names the requester; an anonymous caller is named by the contact, so
// that no two of them are taken for one.
func (r Registration) ref(key []byte) string {
	if ref := r.Contact.Citizen.Ref(key); ref != "" {
		return ref
	}
	return "anonymous-" + string(r.Contact.ID)
}

// clerk writes tickets for one registration.
type clerk struct {
	r   Registration
	d   *Directory
	ref string
	now time.Time
}

// ticket makes the ticket of that number, registered and answered or handed off.
func (c clerk) ticket(number string) (Ticket, error) {
	t := c.form()
	t.Number = number
	steps := []HistoryEntry{{Action: ActRegister}}
	if c.r.Fields.Disposition == Answered {
		steps = append(steps, HistoryEntry{Action: ActAnswer})
	} else {
		steps = append(steps, c.dispatch(&t))
	}
	for _, step := range steps {
		step.At, step.Actor = c.now, string(c.r.Agent)
		if err := t.advance(step); err != nil {
			return Ticket{}, err
		}
	}
	return t, nil
}

func (c clerk) form() Ticket {
	f, item := c.r.Fields, c.d.items[c.r.Fields.ItemCode]
	return Ticket{
		Schema: Schema, Round: 1, Sessions: []contact.ID{c.r.Contact.ID}, CreatedAt: c.now, Accepted: c.r.Agent,
		Channel: c.r.Contact.Channel, Line: c.r.Contact.Line, Source: c.r.Contact.Source, Language: f.Language,
		Requester: requesting(f.Requester, c.ref),
		Category:  f.Category, Nature: f.Nature, ItemCode: f.ItemCode, ItemPath: item.Path,
		Title: f.Title, Content: f.Content, OccurredAt: utc(f.OccurredAt), Respondent: f.Respondent,
		Urgency: f.Urgency, Complex: f.Complex, Place: f.Place,
		Disposition: f.Disposition, Answer: f.Answer,
		State: Drafted, FollowupState: NotDue,
	}
}

func requesting(r Requester, ref string) Requesting {
	return Requesting{
		Ref: ref, Kind: r.Kind, Name: r.Name, Phone: r.Phone, AltContact: r.AltContact, OrgName: r.OrgName,
		Confidential: r.Confidential, Anonymous: r.Anonymous, ReplyWanted: r.ReplyWanted,
	}
}

// dispatch sets unit, reason and clocks; all of them run from now.
func (c clerk) dispatch(t *Ticket) HistoryEntry {
	f, p := c.r.Fields, c.d.propose(c.r.Fields, c.now)
	unit, granted := c.d.units[f.LeadUnit], deadline(f.DeadlineClass)
	t.LeadUnit, t.LeadUnitName = unit.Code, unit.Name
	t.Dispatch = &Dispatch{Rule: p.Rule, DirectoryVersion: c.d.Version, OverrideReason: f.OverrideReason}
	t.DeadlineClass = granted.Class
	t.DueAt = utc(new(due(c.now, granted.Complete)))
	t.AckDueAt = utc(new(due(c.now, granted.Ack)))
	t.ContactDueAt = utc(new(due(c.now, granted.Contact)))
	t.Delivery = &Delivery{Target: unit.Code, State: Pending}
	return HistoryEntry{Action: ActDispatch, Unit: unit.Code, Reason: f.OverrideReason, Note: p.Why}
}

// advance moves the ticket along its table and writes the step down.
func (t *Ticket) advance(step HistoryEntry) error {
	to, ok := next(t.State, step.Action)
	if !ok {
		return fmt.Errorf("tickets: %s is not possible when %s", step.Action, t.State)
	}
	t.Seq++
	step.Seq, step.From, step.To = t.Seq, t.State, to
	t.State, t.StateSince, t.UpdatedAt = to, step.At, step.At
	t.History = append(t.History, step)
	return nil
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.UTC().Truncate(time.Millisecond))
}
