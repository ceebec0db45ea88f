package desk

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"hotline/audit"
	"hotline/contact"
	"hotline/people"
	"hotline/tickets"
)

type draftBody struct {
	Contact  contact.ID      `json:"contact"`
	Revision int             `json:"revision"`
	SavedAt  stamp           `json:"saved_at"`
	Agent    contact.AgentID `json:"agent"`
	Fields   tickets.Fields  `json:"fields"`
}

func draftOf(d tickets.Draft) draftBody {
	return draftBody{d.Contact, d.Revision, stamp(d.SavedAt), d.Agent, maskedFields(d.Fields)}
}

func (d *Desk) draft(x *exchange) error {
	c, err := d.reach(x)
	if err != nil {
		return err
	}
	saved, err := d.o.Tickets.Draft(x.r.Context(), c.ID)
	if errors.Is(err, tickets.ErrNotFound) {
		return problem(NotFound, "没有草稿 / no draft")
	}
	if err != nil {
		return unavailable("draft", err)
	}
	return x.ok(draftOf(saved))
}

type saveBody struct {
	Revision *int           `json:"revision"`
	Fields   tickets.Fields `json:"fields"`
}

type savedBody struct {
	Revision int   `json:"revision"`
	SavedAt  stamp `json:"saved_at"`
}

type conflictBody struct {
	Error   *Problem  `json:"error"`
	Current draftBody `json:"current"`
}

func (d *Desk) saveDraft(x *exchange) error {
	c, err := d.reach(x)
	if err != nil {
		return err
	}
	var b saveBody
	if err := x.read(&b); err != nil {
		return err
	}
	if b.Revision == nil || *b.Revision < 0 {
		return wrongField("revision", "缺少版本号 / the revision is missing")
	}
	if err := d.unmask(x, c, &b.Fields); err != nil {
		return err
	}
	draft := tickets.Draft{Contact: c.ID, Revision: *b.Revision, Agent: x.who.ID, Fields: b.Fields}
	saved, err := d.o.Tickets.SaveDraft(x.r.Context(), draft)
	if newer, ok := errors.AsType[*tickets.Conflict](err); ok {
		p := problem(Conflict, "已有更新的草稿 / a newer draft is saved")
		return writeJSON(x.w, http.StatusConflict, conflictBody{p, draftOf(newer.Current)})
	}
	if err != nil {
		return ticketProblem("save draft", err)
	}
	return x.ok(savedBody{saved.Revision, stamp(saved.SavedAt)})
}

// ticketProblem keeps what the form is to blame for; all else is unavailable.
func ticketProblem(what string, err error) error {
	if fields, ok := errors.AsType[tickets.FieldErrors](err); ok {
		return formProblem(fields)
	}
	return unavailable(what, err)
}

// unmask puts back what the desk only saw masked: the draft's own number, or
// none, which the registration fills in.
func (d *Desk) unmask(x *exchange, c contact.Contact, f *tickets.Fields) error {
	r := &f.Requester
	if !strings.Contains(r.Phone+r.AltContact, "*") {
		return nil
	}
	saved, err := d.o.Tickets.Draft(x.r.Context(), c.ID)
	if err != nil && !errors.Is(err, tickets.ErrNotFound) {
		return unavailable("draft", err)
	}
	old := saved.Fields.Requester
	var ok bool
	if r.Phone, ok = unmasked(r.Phone, old.Phone, c.Citizen.Reveal()); !ok {
		return wrongField("requester.phone", "号码不完整 / the number is masked")
	}
	if r.AltContact, ok = unmasked(r.AltContact, old.AltContact); !ok {
		return wrongField("requester.alt_contact", "号码不完整 / the number is masked")
	}
	return nil
}

// unmasked finds which of the known values was shown as text.
func unmasked(text string, known ...string) (string, bool) {
	if !strings.Contains(text, "*") {
		return text, true
	}
	for _, k := range known {
		if contact.NewAddress(k).String() == text {
			return k, true
		}
	}
	return "", false
}

// maskedFields hides the numbers of a form.
func maskedFields(f tickets.Fields) tickets.Fields {
	f.Requester.Phone = mask(f.Requester.Phone)
	f.Requester.AltContact = mask(f.Requester.AltContact)
	return f
}

func mask(value string) string {
	if value == "" {
		return ""
	}
	return contact.NewAddress(value).String()
}

// masked hides the requester's numbers of a ticket.
func masked(t tickets.Ticket) tickets.Ticket {
	t.Requester.Phone = mask(t.Requester.Phone)
	t.Requester.AltContact = mask(t.Requester.AltContact)
	return t
}

type formBody struct {
	Fields *tickets.Fields `json:"fields"`
}

// form reads the contact of the path and the form of the body.
func (d *Desk) form(x *exchange) (contact.Contact, tickets.Fields, error) {
	c, err := d.reach(x)
	if err != nil {
		return c, tickets.Fields{}, err
	}
	var b formBody
	if err := x.read(&b); err != nil {
		return c, tickets.Fields{}, err
	}
	if b.Fields == nil {
		return c, tickets.Fields{}, wrongField("fields", "缺少表单 / the form is missing")
	}
	if err := d.unmask(x, c, b.Fields); err != nil {
		return c, tickets.Fields{}, err
	}
	return c, *b.Fields, nil
}

type proposalBody struct {
	Unit          tickets.UnitName      `json:"unit"`
	Alternatives  []tickets.UnitName    `json:"alternatives"`
	DeadlineClass tickets.DeadlineClass `json:"deadline_class"`
	DueAt         stamp                 `json:"due_at"`
	AckDueAt      stamp                 `json:"ack_due_at"`
	Rule          string                `json:"rule"`
	Why           string                `json:"why"`
}

func (d *Desk) propose(x *exchange) error {
	_, fields, err := d.form(x)
	if err != nil {
		return err
	}
	p, err := d.o.Tickets.Propose(x.r.Context(), fields)
	if err != nil {
		return ticketProblem("propose", err)
	}
	return x.ok(proposalBody{
		p.Unit, append([]tickets.UnitName{}, p.Alternatives...), p.DeadlineClass,
		stamp(p.DueAt), stamp(p.AckDueAt), p.Rule, p.Why,
	})
}

func (d *Desk) register(x *exchange) error {
	key := x.r.Header.Get("Idempotency-Key")
	if _, err := contact.ParseID(key); err != nil {
		return wrongField("Idempotency-Key", "应为 ULID / want a ULID")
	}
	c, fields, err := d.form(x)
	if err != nil {
		return err
	}
	t, repeated, err := d.o.Tickets.Register(x.r.Context(), tickets.Registration{
		Key: key, Contact: c, Agent: x.who.ID, Fields: fields,
	})
	if err != nil {
		return ticketProblem("register", err)
	}
	if repeated {
		return x.ok(masked(t))
	}
	d.registered(x.who.ID, c.ID, t)
	return writeJSON(x.w, http.StatusCreated, masked(t))
}

// registered tells the agent's desks, of which only one sees the answer.
func (d *Desk) registered(agent contact.AgentID, id contact.ID, t tickets.Ticket) {
	if t.Delivery != nil {
		d.TicketChanged(agent, id, t.Number, t.Delivery.State)
	}
}

func (d *Desk) ticket(x *exchange) error {
	t, err := d.o.Tickets.Ticket(x.r.Context(), x.r.PathValue("number"))
	if errors.Is(err, tickets.ErrNotFound) || (err == nil && !d.maySee(x, t)) {
		return problem(NotFound, "没有这张工单 / no such ticket")
	}
	if err != nil {
		return unavailable("ticket", err)
	}
	if err := d.oversee(x, audit.TicketViewed, "ticket", t.Number); err != nil {
		return err
	}
	return x.ok(masked(t))
}

// maySee: an agent sees tickets of contacts they were offered, and earlier ones
// of the same citizens.
func (d *Desk) maySee(x *exchange, t tickets.Ticket) bool {
	if x.who.Role != people.Agent || t.Accepted == x.who.ID ||
		d.access.citizens(x.who.ID, t.Requester.Ref, d.o.RefKey) {
		return true
	}
	for _, id := range t.Sessions {
		if _, err := d.access.find(x.r.Context(), x.who, id); err == nil {
			return true
		}
	}
	return false
}

// directory is large and seldom changes: it is cached by its version.
func (d *Desk) directory(x *exchange) error {
	dir := d.o.Tickets.Directory()
	if dir == nil {
		return problem(Unavailable, "派单目录未加载 / no directory is loaded")
	}
	tag, err := json.Marshal(dir.Version)
	if err != nil {
		return err
	}
	x.w.Header().Set("ETag", string(tag))
	x.w.Header().Set("Cache-Control", "private, no-cache")
	if x.r.Header.Get("If-None-Match") == string(tag) {
		x.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return x.ok(dir)
}
