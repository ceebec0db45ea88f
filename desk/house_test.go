package desk_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/audit"
	"hotline/config"
	"hotline/contact"
	"hotline/desk"
	"hotline/people"
	"hotline/records"
	"hotline/routing"
	"hotline/session"
	"hotline/tickets"
)

// hall is a session for every contact: it does what it is told and tells the
// seat so.
type hall struct {
	desk *desk.Desk

	mu      sync.Mutex
	log     []string
	token   map[contact.ID]routing.Token
	seq     int64
	thread  []contact.Message // of every conversation
	fail    error
	block   chan struct{} // when set, commands wait for it
	entered chan string   // when set, told before that
}

func (h *hall) did(what string, id contact.ID, agent contact.AgentID, news ...session.News) error {
	h.mu.Lock()
	h.log = append(h.log, what)
	token, fail, block, entered := h.token[id], h.fail, h.block, h.entered
	h.mu.Unlock()
	if entered != nil {
		entered <- what
	}
	if block != nil {
		<-block
	}
	if fail != nil {
		return fail
	}
	for _, n := range news {
		n.Contact, n.Token = id, token
		h.desk.Tell(agent, n)
	}
	return nil
}

func (h *hall) count(what string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, l := range h.log {
		if l == what {
			n++
		}
	}
	return n
}

func (h *hall) Accept(_ context.Context, id contact.ID, agent contact.AgentID, t routing.Token) error {
	h.mu.Lock()
	stale := t != h.token[id]
	h.mu.Unlock()
	if stale {
		return routing.ErrStale
	}
	return h.did("accept", id, agent, session.News{Kind: session.Connected})
}

func (h *hall) Decline(_ context.Context, id contact.ID, agent contact.AgentID, _ routing.Token) error {
	return h.did("decline", id, agent, session.News{Kind: session.RingStopped, Why: session.RingRejected})
}

func (h *hall) Hold(_ context.Context, id contact.ID, agent contact.AgentID) error {
	return h.did("hold", id, agent, session.News{Kind: session.Held})
}

func (h *hall) Resume(_ context.Context, id contact.ID, agent contact.AgentID) error {
	return h.did("resume", id, agent, session.News{Kind: session.Resumed})
}

func (h *hall) Mute(_ context.Context, id contact.ID, agent contact.AgentID, on bool) error {
	kind := session.Unmuted
	if on {
		kind = session.Muted
	}
	return h.did("mute", id, agent, session.News{Kind: kind})
}

func (h *hall) Hangup(_ context.Context, id contact.ID, agent contact.AgentID) error {
	return h.did("hangup", id, agent, ended(contact.AgentEnded))
}

func (h *hall) SeatLost(_ context.Context, id contact.ID, agent contact.AgentID) error {
	return h.did("lost", id, agent, session.News{Kind: session.TakenBack})
}

func (h *hall) ExtendWrapUp(_ context.Context, id contact.ID, agent contact.AgentID) error {
	return h.did("extend", id, agent, session.News{Kind: session.WrappingUp, Until: time.Now().Add(time.Minute), Extended: 1})
}

func (h *hall) FinishWrapUp(_ context.Context, id contact.ID, agent contact.AgentID) error {
	return h.did("finish", id, agent, session.News{Kind: session.Finished})
}

// Say is heard at once: the seat is told before the answer.
func (h *hall) Say(_ context.Context, id contact.ID, agent contact.AgentID, cmid, text string) (contact.Message, error) {
	h.mu.Lock()
	h.seq++
	m := contact.Message{ID: ulid.Make().String(), Seq: h.seq, From: contact.ByAgent, Agent: agent, Text: text, At: time.Now()}
	h.mu.Unlock()
	err := h.did("say "+text, id, agent, session.News{
		Kind: session.Said, Message: m, CMID: cmid, Thread: &session.Thread{LastSeq: m.Seq, Turn: contact.ByCitizen, Closes: time.Now().Add(time.Minute)},
	})
	return m, err
}

func (h *hall) Typing(_ context.Context, id contact.ID, agent contact.AgentID, on bool) error {
	return h.did(fmt.Sprintf("typing %t", on), id, agent)
}

func (h *hall) Park(_ context.Context, id contact.ID, agent contact.AgentID) error {
	return h.did("park", id, agent, session.News{Kind: session.SetAside})
}

func (h *hall) Unpark(_ context.Context, id contact.ID, agent contact.AgentID) error {
	return h.did("unpark", id, agent, session.News{Kind: session.TakenUp})
}

func (h *hall) Messages(_ context.Context, _ contact.ID, after int64, limit int) ([]contact.Message, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail != nil {
		return nil, h.fail
	}
	var list []contact.Message
	for _, m := range h.thread {
		if m.Seq > after && len(list) < limit {
			list = append(list, m)
		}
	}
	return list, nil
}

func ended(why contact.Cause) session.News {
	return session.News{Kind: session.Ended, Cause: why, Until: time.Now().Add(time.Minute)}
}

// queue remembers what it was told of each agent, newest last.
type queue struct {
	mu     sync.Mutex
	fails  int
	told   map[contact.AgentID][]routing.Status
	agents map[contact.AgentID]routing.Agent
	news   chan routing.Status
	floor  floor
}

func (q *queue) SetAgent(_ context.Context, a routing.Agent) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fails > 0 {
		q.fails--
		return errors.New("the queue is away")
	}
	q.told[a.ID] = append(q.told[a.ID], a.Status)
	q.agents[a.ID] = a
	select {
	case q.news <- a.Status:
	default:
	}
	return nil
}

func (q *queue) Counts(context.Context) (routing.Counts, error) {
	return routing.Counts{Waiting: map[routing.Bucket]int{"general": 3}, Free: map[routing.Bucket]int{"general": 1}}, nil
}

func (q *queue) last(agent contact.AgentID) routing.Status {
	q.mu.Lock()
	defer q.mu.Unlock()
	if told := q.told[agent]; len(told) > 0 {
		return told[len(told)-1]
	}
	return ""
}

// phones hand out one phone an agent.
type phones struct {
	mu  sync.Mutex
	all map[contact.AgentID]*phone
}

func (p *phones) Phone(agent contact.AgentID) desk.Phone { return p.of(agent) }

func (p *phones) of(agent contact.AgentID) *phone {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all[agent] == nil {
		p.all[agent] = &phone{events: make(chan desk.PhoneEvent, 16), packets: 50}
	}
	return p.all[agent]
}

// phone connects as soon as it has answered.
type phone struct {
	mu      sync.Mutex
	gen     uint64
	packets uint64
	events  chan desk.PhoneEvent
}

func (p *phone) Answer(_ context.Context, gen uint64, offer string) (string, error) {
	if offer == "nonsense" {
		return "", errors.New("not an SDP")
	}
	p.mu.Lock()
	p.gen = gen
	p.mu.Unlock()
	p.events <- desk.PhoneEvent{Gen: gen, State: desk.PhoneConnected}
	return fmt.Sprintf("answer %d", gen), nil
}

func (p *phone) say(s desk.PhoneState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events <- desk.PhoneEvent{Gen: p.gen, State: s}
}

func (p *phone) Prove(context.Context) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.packets, nil
}

func (p *phone) Events() <-chan desk.PhoneEvent { return p.events }

func (p *phone) Close(context.Context) error { return nil }

// staff know four accounts, all with the password "secret".
type staff struct {
	mu     sync.Mutex
	tokens map[string]people.Account
	next   int
	away   bool
	until  time.Time // locked until
}

func accounts() map[contact.AgentID]people.Account {
	skills := []string{"general"}
	return map[contact.AgentID]people.Account{
		"1001": {ID: "1001", Name: "王芳", Role: people.Agent, Skills: skills},
		"1002": {ID: "1002", Name: "李强", Role: people.Agent, Skills: skills},
		"2001": {ID: "2001", Name: "赵敏", Role: people.Supervisor, Skills: skills},
		"9001": {ID: "9001", Name: "周洋", Role: people.Administrator},
	}
}

func (p *staff) SignIn(_ context.Context, account contact.AgentID, password string, _ netip.Addr) (people.Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.until.IsZero() {
		return people.Session{}, people.ErrLocked{Until: p.until}
	}
	if p.away {
		return people.Session{}, errors.New("the store is away")
	}
	a, ok := accounts()[account]
	if !ok || password != "secret" {
		return people.Session{}, people.ErrCredentials
	}
	p.next++
	token := fmt.Sprintf("token-%d", p.next)
	p.tokens[token] = a
	return people.Session{Token: config.NewSecret(token), Account: a}, nil
}

func (p *staff) Authenticate(_ context.Context, token string) (people.Account, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		return people.Account{}, errors.New("the store is away")
	}
	a, ok := p.tokens[token]
	if !ok {
		return people.Account{}, people.ErrNoSession
	}
	return a, nil
}

func (p *staff) SignOut(_ context.Context, token string, _ netip.Addr) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tokens, token)
	return nil
}

// looks is the audit.
type looks struct {
	mu   sync.Mutex
	all  []audit.Entry
	fail error
}

func (l *looks) Append(_ context.Context, e audit.Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return l.fail
	}
	l.all = append(l.all, e)
	return nil
}

// archive is the records.
type archive struct {
	mu     sync.Mutex
	all    []records.Record // newest first
	events map[contact.ID][]records.Event
}

func (a *archive) Save(context.Context, records.Record, ...records.Event) error { return nil }

func (a *archive) SaveAll(context.Context, []records.Entry) error { return nil }

func (a *archive) Find(_ context.Context, id contact.ID) (records.Record, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.all {
		if r.Contact == id {
			return r, nil
		}
	}
	return records.Record{}, records.ErrNotFound
}

func (a *archive) OfCitizen(_ context.Context, ref string, limit int) ([]records.Record, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []records.Record
	for _, r := range a.all {
		if r.CitizenRef == ref && len(found) < limit {
			found = append(found, r)
		}
	}
	return found, nil
}

func (a *archive) Recent(_ context.Context, limit int) ([]records.Record, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.all[:min(limit, len(a.all))]), nil
}

func (a *archive) Events(_ context.Context, id contact.ID) ([]records.Event, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.events[id], nil
}

// office is the tickets: it keeps drafts by revision and numbers tickets.
type office struct {
	mu     sync.Mutex
	drafts map[contact.ID]tickets.Draft
	byKey  map[string]tickets.Ticket
	last   tickets.Registration
}

func (o *office) Draft(_ context.Context, id contact.ID) (tickets.Draft, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d, ok := o.drafts[id]
	if !ok {
		return d, tickets.ErrNotFound
	}
	return d, nil
}

func (o *office) SaveDraft(_ context.Context, d tickets.Draft) (tickets.Draft, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := o.drafts[d.Contact]; now.Revision != d.Revision {
		return now, &tickets.Conflict{Current: now}
	}
	d.Revision++
	d.SavedAt = time.Now()
	o.drafts[d.Contact] = d
	return d, nil
}

func (o *office) Propose(_ context.Context, f tickets.Fields) (tickets.Proposal, error) {
	if f.ItemCode == "99.99.999" {
		return tickets.Proposal{}, tickets.FieldErrors{{Field: "item_code", Code: "unknown", Message: "事项不存在"}}
	}
	return tickets.Proposal{Unit: tickets.UnitName{Code: "DEP-001", Name: "市供热办"}, DeadlineClass: tickets.H24, Rule: "unit:DEP-001"}, nil
}

func (o *office) Register(_ context.Context, r tickets.Registration) (tickets.Ticket, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = r
	if t, ok := o.byKey[r.Key]; ok {
		return t, true, nil
	}
	if r.Fields.Title == "" {
		return tickets.Ticket{}, false, tickets.FieldErrors{
			{Field: "title", Code: "required", Message: "请填写标题"}, {Field: "content", Code: "required", Message: "请填写内容"},
		}
	}
	t := tickets.Ticket{
		Schema: tickets.Schema, Number: fmt.Sprintf("20261124-%07d-3", len(o.byKey)+1), Title: r.Fields.Title,
		Accepted: r.Agent, Sessions: []contact.ID{r.Contact.ID}, State: tickets.HandedOff,
		Requester: tickets.Requesting{Ref: r.Contact.Citizen.Ref(refKey()), Phone: r.Contact.Citizen.Reveal()},
		Delivery:  &tickets.Delivery{State: tickets.Pending}, LeadUnitName: "市供热办",
	}
	o.byKey[r.Key] = t
	return t, false, nil
}

func (o *office) Ticket(_ context.Context, number string) (tickets.Ticket, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range o.byKey {
		if t.Number == number {
			return t, nil
		}
	}
	return tickets.Ticket{}, tickets.ErrNotFound
}

func (o *office) OfContact(_ context.Context, id contact.ID) ([]tickets.Ticket, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []tickets.Ticket
	for _, t := range o.byKey {
		if slices.Contains(t.Sessions, id) {
			found = append(found, t)
		}
	}
	return found, nil
}

func (o *office) OfCitizen(_ context.Context, ref string, _ int) ([]tickets.Ticket, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []tickets.Ticket
	for _, t := range o.byKey {
		if t.Requester.Ref == ref {
			found = append(found, t)
		}
	}
	return found, nil
}

func (o *office) Directory() *tickets.Directory {
	return &tickets.Directory{Version: "2026.11", Synthetic: true}
}

func refKey() []byte { return []byte("a key of 32 bytes for pseudonyms") }

func newOffice() *office {
	return &office{drafts: make(map[contact.ID]tickets.Draft), byKey: make(map[string]tickets.Ticket)}
}
