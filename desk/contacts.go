package desk

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"hotline/audit"
	"hotline/contact"
	"hotline/records"
	"hotline/tickets"
)

// How much of a citizen's past a screen pop shows.
const (
	historyLimit  = 50
	historyRecent = 30 * 24 * time.Hour
)

// recordBody is what is kept of one contact, as desks see it.
type recordBody struct {
	Contact     contact.ID      `json:"contact"`
	Origin      contact.ID      `json:"origin,omitempty"`
	Channel     contact.Channel `json:"channel"`
	Line        string          `json:"line"`
	Source      string          `json:"source"`
	Caller      string          `json:"caller"`
	Accepted    stamp           `json:"accepted"`
	Queued      stamp           `json:"queued,omitzero"`
	Connected   stamp           `json:"connected,omitzero"`
	TalkEnded   stamp           `json:"talk_ended,omitzero"`
	Ended       stamp           `json:"ended,omitzero"`
	HeldMS      int64           `json:"held_ms"`
	TalkMS      int64           `json:"talk_ms"`
	Offers      int             `json:"offers"`
	Agent       contact.AgentID `json:"agent"`
	Cause       string          `json:"cause"`
	Recording   bool            `json:"recording"`
	FromCitizen *directionData  `json:"from_citizen"`
	FromAgent   *directionData  `json:"from_agent"`
}

func recordOf(r records.Record) recordBody {
	return recordBody{
		Contact: r.Contact, Origin: r.Origin, Channel: r.Channel, Line: r.Line, Source: r.Source, Caller: r.Citizen.String(),
		Accepted: stamp(r.Accepted), Queued: stamp(r.Queued), Connected: stamp(r.Connected),
		TalkEnded: stamp(r.TalkEnded), Ended: stamp(r.Ended), HeldMS: r.Held.Milliseconds(),
		TalkMS: talk(r).Milliseconds(), Offers: r.Offers, Agent: r.Agent, Cause: causeOf(r),
		Recording: recorded(r), FromCitizen: quality(r.FromCitizen), FromAgent: quality(r.FromAgent),
	}
}

// talk is how long both heard each other; 0 while it goes on.
func talk(r records.Record) time.Duration {
	if r.Connected.IsZero() || r.TalkEnded.IsZero() {
		return 0
	}
	return r.TalkEnded.Sub(r.Connected)
}

// causeOf is empty while the contact goes on.
func causeOf(r records.Record) string {
	if r.Ended.IsZero() && r.TalkEnded.IsZero() {
		return ""
	}
	return r.Cause.String()
}

type recentBody struct {
	Contacts []recordBody `json:"contacts"`
}

func (d *Desk) recentContacts(x *exchange) error {
	limit := 50
	if text := x.r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 500 {
			return wrongField("limit", "应为 1 至 500 / want 1 to 500")
		}
		limit = n
	}
	list, err := d.o.Records.Recent(x.r.Context(), limit)
	if err != nil {
		return unavailable("recent contacts", err)
	}
	body := recentBody{Contacts: make([]recordBody, len(list))}
	for i, r := range list {
		body.Contacts[i] = recordOf(r)
	}
	return x.ok(body)
}

// unavailable: the database did not answer; the caller may try again.
func unavailable(what string, err error) error {
	return &Problem{
		Code: Unavailable, Message: "数据暂时不可用,请重试 / not available, try again",
		Cause: fmt.Errorf("%s: %w", what, err),
	}
}

type contactBody struct {
	Record  recordBody       `json:"record"`
	Tickets []tickets.Ticket `json:"tickets"`
}

// contact tells of one contact. Its record may not be filed yet.
func (d *Desk) contact(x *exchange) error {
	c, err := d.reach(x)
	if err != nil {
		return err
	}
	if err := d.oversee(x, audit.ContactViewed, "contact", string(c.ID)); err != nil {
		return err
	}
	r, err := d.o.Records.Find(x.r.Context(), c.ID)
	if err != nil {
		r = records.Record{
			Contact: c.ID, Channel: c.Channel, Line: c.Line, Source: c.Source, Citizen: c.Citizen, Accepted: c.Accepted,
		}
	}
	list, err := d.o.Tickets.OfContact(x.r.Context(), c.ID)
	if err != nil {
		return unavailable("tickets of the contact", err)
	}
	for i := range list {
		list[i] = masked(list[i])
	}
	return x.ok(contactBody{Record: recordOf(r), Tickets: append([]tickets.Ticket{}, list...)})
}

// reach finds the contact of the path, if the caller may see it.
func (d *Desk) reach(x *exchange) (contact.Contact, error) {
	id, err := x.contactID()
	if err != nil {
		return contact.Contact{}, err
	}
	return d.access.find(x.r.Context(), x.who, id)
}

type historyBody struct {
	Count30d int              `json:"count_30d"`
	Contacts []historyContact `json:"contacts"`
	Tickets  []ticketSummary  `json:"tickets"`
}

type historyContact struct {
	ID       contact.ID      `json:"id"`
	Accepted stamp           `json:"accepted"`
	Line     string          `json:"line"`
	Agent    contact.AgentID `json:"agent"`
	Cause    string          `json:"cause"`
	TalkMS   int64           `json:"talk_ms"`
}

type ticketSummary struct {
	Number    string `json:"number"`
	CreatedAt stamp  `json:"created_at"`
	Title     string `json:"title"`
	State     string `json:"state"`
	StateText string `json:"state_text"`
	UnitName  string `json:"unit_name"`
	Delivery  string `json:"delivery"`
}

// history is the screen pop: what the same number asked before.
func (d *Desk) history(x *exchange) error {
	c, err := d.reach(x)
	if err != nil {
		return err
	}
	if err := d.oversee(x, audit.HistoryViewed, "contact", string(c.ID)); err != nil {
		return err
	}
	body := historyBody{Contacts: []historyContact{}, Tickets: []ticketSummary{}}
	ref := c.Citizen.Ref(d.o.RefKey)
	if ref == "" {
		return x.ok(body)
	}
	past, err := d.o.Records.OfCitizen(x.r.Context(), ref, 100)
	if err != nil {
		return unavailable("history", err)
	}
	body.contacts(past, c.ID, d.o.Now())
	list, err := d.o.Tickets.OfCitizen(x.r.Context(), ref, historyLimit)
	if err != nil {
		return unavailable("tickets of the citizen", err)
	}
	for _, t := range list {
		body.Tickets = append(body.Tickets, summaryOf(t))
	}
	return x.ok(body)
}

// contacts lists all but this one.
func (b *historyBody) contacts(past []records.Record, this contact.ID, now time.Time) {
	for _, r := range past {
		if r.Contact == this {
			continue
		}
		if now.Sub(r.Accepted) <= historyRecent {
			b.Count30d++
		}
		if len(b.Contacts) < historyLimit {
			b.Contacts = append(b.Contacts, historyContact{
				ID: r.Contact, Accepted: stamp(r.Accepted), Line: r.Line, Agent: r.Agent,
				Cause: causeOf(r), TalkMS: talk(r).Milliseconds(),
			})
		}
	}
}

func summaryOf(t tickets.Ticket) ticketSummary {
	s := ticketSummary{
		Number: t.Number, CreatedAt: stamp(t.CreatedAt), Title: t.Title,
		State: string(t.State), StateText: t.State.Text(), UnitName: t.LeadUnitName,
	}
	if t.Delivery != nil {
		s.Delivery = string(t.Delivery.State)
	}
	return s
}

type revealBody struct {
	Reason string `json:"reason"`
}

type phoneBody struct {
	Phone string `json:"phone"`
}

// reveal shows the full number, once the look is in the audit.
func (d *Desk) reveal(x *exchange) error {
	var b revealBody
	if err := x.read(&b); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(b.Reason); n < 1 || n > 200 {
		return wrongField("reason", "请填写查看原因(200 字以内)/ give a reason of at most 200 characters")
	}
	c, err := d.reach(x)
	if err != nil {
		return err
	}
	if err := d.look(x, audit.AddressRevealed, "contact", string(c.ID), b.Reason); err != nil {
		return err
	}
	return x.ok(phoneBody{Phone: c.Citizen.Reveal()})
}

// hallBody is the hall now.
type hallBody struct {
	Agents  []HallAgent    `json:"agents"`
	Waiting map[string]int `json:"waiting"`
	Free    map[string]int `json:"free"`
}

func (d *Desk) hallNow(x *exchange) error {
	counts, err := d.o.Queue.Counts(x.r.Context())
	if err != nil {
		return unavailable("counts of the queue", err)
	}
	body := hallBody{Agents: d.Agents(), Waiting: map[string]int{}, Free: map[string]int{}}
	for bucket, n := range counts.Waiting {
		body.Waiting[string(bucket)] = n
	}
	for bucket, n := range counts.Free {
		body.Free[string(bucket)] = n
	}
	return x.ok(body)
}
