package tickets_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/contact"
	"hotline/tickets"
	"hotline/tickets/sqlstore"
	"hotline/tickets/ticketstest"
)

const callID = contact.ID("01JDG3Z4V7Q8W9X0Y1Z2A3B4C5")

// morning is 16:00 in Shanghai.
func morning() time.Time { return time.Date(2026, 11, 24, 8, 0, 0, 125e6, time.UTC) }

func newDesk(t *testing.T, change func(*tickets.Options)) (*tickets.Service, *sqlstore.Store) {
	t.Helper()
	return ticketstest.NewService(t, func(o *tickets.Options) {
		o.Now = morning
		if change != nil {
			change(o)
		}
	})
}

func registration(key string, change func(*tickets.Fields)) tickets.Registration {
	f := ticketstest.Form()
	if change != nil {
		change(&f)
	}
	return tickets.Registration{Key: key, Contact: ticketstest.Call(callID), Agent: "1001", Fields: f}
}

func register(t *testing.T, s *tickets.Service, r tickets.Registration) tickets.Ticket {
	t.Helper()
	got, repeated, err := s.Register(t.Context(), r)
	if err != nil || repeated {
		t.Fatalf("register: repeated %v, %v", repeated, err)
	}
	return got
}

func TestADispatchedTicket(t *testing.T) {
	t.Parallel()
	woken := 0
	s, store := newDesk(t, func(o *tickets.Options) { o.Wake = func() { woken++ } })
	got := register(t, s, registration("key-1", nil))
	now, f := morning(), ticketstest.Form()
	ref := contact.NewAddress("+8613812345678").Ref([]byte(ticketstest.RefKey))
	want := tickets.Ticket{
		Schema: "citizen-ticket/1", Number: "20261124-0000001-0", Seq: 2, Round: 1, Sessions: []contact.ID{callID},
		CreatedAt: now, UpdatedAt: now, Accepted: "1001", Channel: contact.Phone, Line: "citizen", Source: "12315", Language: "zh-CN",
		Requester: tickets.Requesting{Ref: ref, Kind: "natural", Name: "张女士", Phone: "+8613812345678", ReplyWanted: true},
		Category:  tickets.Complaint, Nature: tickets.NatureComplaint, ItemCode: "02.02.001", ItemPath: [3]string{"城市管理", "噪声扰民", "施工噪声"},
		Title: f.Title, Content: f.Content, Urgency: tickets.Normal, Place: f.Place,
		Disposition: tickets.Dispatched, LeadUnit: "SUB-001", LeadUnitName: "柳荫街道办事处",
		Dispatch:      &tickets.Dispatch{Rule: "place:subdistrict", DirectoryVersion: "synthetic-2026.1"},
		DeadlineClass: tickets.D7, DueAt: new(now.AddDate(0, 0, 7)), AckDueAt: new(now.Add(4 * time.Hour)), ContactDueAt: new(now.Add(24 * time.Hour)),
		State: tickets.HandedOff, StateSince: now, FollowupState: tickets.NotDue,
		History: []tickets.HistoryEntry{
			{Seq: 1, At: now, Actor: "1001", Action: tickets.ActRegister, From: tickets.Drafted, To: tickets.Accepted},
			{
				Seq: 2, At: now, Actor: "1001", Unit: "SUB-001", Action: tickets.ActDispatch, From: tickets.Accepted, To: tickets.HandedOff,
				Note: "“施工噪声”按事发地直派街道（乡镇），由柳荫街道办事处承办；一般诉求，时限7天。",
			},
		},
		Delivery: &tickets.Delivery{Target: "SUB-001", ID: "20261124-0000001-0/2", State: tickets.Pending},
	}
	if diff := cmp.Diff(asText(t, want), asText(t, got)); diff != "" {
		t.Errorf("ticket (-want +got):\n%s", diff)
	}
	if woken != 1 {
		t.Errorf("the dispatcher was woken %d times, want once", woken)
	}
	p, ok, err := store.Claim(t.Context(), tickets.Claim{Unit: "SUB-001", By: "n", Now: now, Until: now.Add(time.Minute)})
	if err != nil || !ok || p.ID != got.Delivery.ID || p.Contact != callID {
		t.Fatalf("parcel %+v, %v, %v", p, ok, err)
	}
	var e tickets.Event
	if err := json.Unmarshal(p.Body, &e); err != nil {
		t.Fatal(err)
	}
	if e.SpecVersion != "1.0" || e.ID != p.ID || e.Subject != got.Number || e.Type != tickets.EventDispatched || e.Data.Requester.Phone != "+86138****5678" {
		t.Errorf("event %+v", e)
	}
}

func asText(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnAnsweredTicketGoesNowhere(t *testing.T) {
	t.Parallel()
	s, store := newDesk(t, nil)
	got := register(t, s, registration("key-1", func(f *tickets.Fields) {
		f.Category, f.ItemCode, f.Disposition, f.Answer.Text = tickets.Consultation, "04.01.001", tickets.Answered, "请携带身份证到社保所办理。"
		f.LeadUnit, f.DeadlineClass = "", ""
	}))
	if got.State != tickets.AnsweredOnContact || got.Seq != 2 || got.DueAt != nil || got.Delivery != nil || got.Dispatch != nil {
		t.Errorf("ticket %s", asText(t, got))
	}
	if heads, err := store.Heads(t.Context()); err != nil || len(heads) != 0 {
		t.Errorf("outbox %v, %v: want it empty", heads, err)
	}
}

func TestRepeatsMakeOneTicket(t *testing.T) {
	t.Parallel()
	s, _ := newDesk(t, nil)
	first := register(t, s, registration("key-1", nil))
	empty, err := json.Marshal(&tickets.Directory{Version: "other"})
	if err != nil || len(empty) == 0 {
		t.Fatal(err)
	}
	s.UseDirectory(&tickets.Directory{Version: "other"}) // a repeat must not be checked against it
	again, repeated, err := s.Register(t.Context(), registration("key-1", nil))
	if err != nil || !repeated || again.Number != first.Number {
		t.Errorf("repeat: %s, %v, %v", again.Number, repeated, err)
	}
	for name, r := range map[string]tickets.Registration{
		"another form":    registration("key-1", func(f *tickets.Fields) { f.Title = "另一件事" }),
		"another contact": {Key: "key-1", Contact: ticketstest.Call("01JDG3Z4V7Q8W9X0Y1Z2A3B4C6"), Agent: "1001", Fields: ticketstest.Form()},
	} {
		if _, _, err := s.Register(t.Context(), r); !errors.Is(err, tickets.ErrKeyReused) {
			t.Errorf("%s under the key: %v, want ErrKeyReused", name, err)
		}
	}
	for _, key := range []string{"", strings.Repeat("k", 65)} {
		if _, _, err := s.Register(t.Context(), registration(key, nil)); !isFieldError(err, "idempotency_key", "invalid") {
			t.Errorf("key of %d: %v", len(key), err)
		}
	}
}

func isFieldError(err error, field, code string) bool {
	errs, ok := errors.AsType[tickets.FieldErrors](err)
	if !ok {
		return false
	}
	for _, e := range errs {
		if e.Field == field && e.Code == code && e.Message != "" {
			return true
		}
	}
	return false
}

func TestWrongFieldsAreNamed(t *testing.T) {
	t.Parallel()
	s, _ := newDesk(t, nil)
	long := func(n int) string { return strings.Repeat("长", n) }
	tests := map[string]struct {
		change      func(*tickets.Fields)
		field, code string // empty: it is fine
	}{
		"complete":             {nil, "", ""},
		"no kind of requester": {func(f *tickets.Fields) { f.Requester.Kind = "" }, "requester.kind", "required"},
		"unknown requester":    {func(f *tickets.Fields) { f.Requester.Kind = "ghost" }, "requester.kind", "unknown"},
		"name too long":        {func(f *tickets.Fields) { f.Requester.Name = long(101) }, "requester.name", "too_long"},
		"no phone number":      {func(f *tickets.Fields) { f.Requester.Phone = "call me" }, "requester.phone", "invalid"},
		"national spelling":    {func(f *tickets.Fields) { f.Requester.Phone = "138 1234 5678" }, "", ""},
		"no address":           {func(f *tickets.Fields) { f.Place.Address = "" }, "place.address", "required"},
		"blank address":        {func(f *tickets.Fields) { f.Place.Address = " \u3000" }, "place.address", "required"},
		"no division":          {func(f *tickets.Fields) { f.Place.DivisionCode = "" }, "place.division_code", "required"},
		"bad division":         {func(f *tickets.Fields) { f.Place.DivisionCode = "110108" }, "place.division_code", "invalid"},
		"unknown division":     {func(f *tickets.Fields) { f.Place.DivisionCode = "110108001001" }, "place.division_code", "unknown"},
		"no place, said so": {func(f *tickets.Fields) {
			f.Place, f.ItemCode, f.LeadUnit = tickets.Place{None: true}, "05.01.002", "DEP-003"
		}, "", ""},
		"no place, bad code":       {func(f *tickets.Fields) { f.Place = tickets.Place{None: true, DivisionCode: "1"} }, "place.division_code", "invalid"},
		"no title":                 {func(f *tickets.Fields) { f.Title = "" }, "title", "required"},
		"title of 50":              {func(f *tickets.Fields) { f.Title = long(50) }, "", ""},
		"title of 51":              {func(f *tickets.Fields) { f.Title = long(51) }, "title", "too_long"},
		"title of two lines":       {func(f *tickets.Fields) { f.Title = "一\n二" }, "title", "invalid"},
		"content of two lines":     {func(f *tickets.Fields) { f.Content = "一\r\n\t二" }, "", ""},
		"content of 4000":          {func(f *tickets.Fields) { f.Content = long(4000) }, "", ""},
		"content of 4001":          {func(f *tickets.Fields) { f.Content = long(4001) }, "content", "too_long"},
		"content with NUL":         {func(f *tickets.Fields) { f.Content = "a\x00b" }, "content", "invalid"},
		"content not UTF-8":        {func(f *tickets.Fields) { f.Content = "a\xffb" }, "content", "invalid"},
		"in the future":            {func(f *tickets.Fields) { f.OccurredAt = new(morning().Add(time.Hour)) }, "occurred_at", "invalid"},
		"in the dynasty before":    {func(f *tickets.Fields) { f.OccurredAt = new(time.Date(1840, 1, 1, 0, 0, 0, 0, time.UTC)) }, "occurred_at", "invalid"},
		"an hour ago":              {func(f *tickets.Fields) { f.OccurredAt = new(morning().Add(-time.Hour)) }, "", ""},
		"respondent too long":      {func(f *tickets.Fields) { f.Respondent.Name = long(101) }, "respondent.name", "too_long"},
		"no category":              {func(f *tickets.Fields) { f.Category = "" }, "category", "required"},
		"unknown category":         {func(f *tickets.Fields) { f.Category = "praise" }, "category", "unknown"},
		"unknown nature":           {func(f *tickets.Fields) { f.Nature = "odd" }, "nature", "unknown"},
		"no nature":                {func(f *tickets.Fields) { f.Nature = "" }, "", ""},
		"no item":                  {func(f *tickets.Fields) { f.ItemCode = "" }, "item_code", "required"},
		"unknown item":             {func(f *tickets.Fields) { f.ItemCode = "99.99.999" }, "item_code", "unknown"},
		"no urgency":               {func(f *tickets.Fields) { f.Urgency = "" }, "urgency", "required"},
		"unknown urgency":          {func(f *tickets.Fields) { f.Urgency = "now" }, "urgency", "unknown"},
		"no disposition":           {func(f *tickets.Fields) { f.Disposition = "" }, "disposition", "required"},
		"unknown disposition":      {func(f *tickets.Fields) { f.Disposition = "lost" }, "disposition", "unknown"},
		"answered without a word":  {func(f *tickets.Fields) { f.Disposition = tickets.Answered }, "answer.text", "required"},
		"dispatched to nobody":     {func(f *tickets.Fields) { f.LeadUnit = "" }, "lead_unit", "required"},
		"dispatched to a stranger": {func(f *tickets.Fields) { f.LeadUnit = "SUB-999" }, "lead_unit", "unknown"},
		"no deadline":              {func(f *tickets.Fields) { f.DeadlineClass = "" }, "deadline_class", "required"},
		"unknown deadline":         {func(f *tickets.Fields) { f.DeadlineClass = "D30" }, "deadline_class", "unknown"},
		"another unit":             {func(f *tickets.Fields) { f.LeadUnit = "DIS-001" }, "override_reason", "required"},
		"another unit, explained":  {func(f *tickets.Fields) { f.LeadUnit, f.OverrideReason = "DIS-001", "跨街道" }, "", ""},
		"more time":                {func(f *tickets.Fields) { f.DeadlineClass = tickets.D15 }, "override_reason", "required"},
		"more time, explained":     {func(f *tickets.Fields) { f.DeadlineClass, f.OverrideReason = tickets.D15, "须多方会商" }, "", ""},
		"less time":                {func(f *tickets.Fields) { f.DeadlineClass = tickets.H2 }, "", ""},
		"manual item, any unit":    {func(f *tickets.Fields) { f.ItemCode, f.LeadUnit = "07.01.002", "DEP-002" }, "", ""},
		"reason too long":          {func(f *tickets.Fields) { f.OverrideReason = long(201) }, "override_reason", "too_long"},
		"bad language":             {func(f *tickets.Fields) { f.Language = "汉语" }, "language", "invalid"},
		"sign language":            {func(f *tickets.Fields) { f.Language = "sgn-CN" }, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := s.Register(t.Context(), registration("key of "+name, tt.change))
			if tt.field == "" && err != nil || tt.field != "" && !isFieldError(err, tt.field, tt.code) {
				t.Errorf("error %v, want %s %s", err, tt.field, tt.code)
			}
		})
	}
}

func TestAnEmptyFormNamesAllThatIsMissing(t *testing.T) {
	t.Parallel()
	s, _ := newDesk(t, nil)
	_, _, err := s.Register(t.Context(), tickets.Registration{Key: "k", Contact: ticketstest.Call(callID), Agent: "1001"})
	errs, _ := errors.AsType[tickets.FieldErrors](err)
	var fields []string
	for _, e := range errs {
		fields = append(fields, e.Field+" "+e.Code)
	}
	want := []string{
		"requester.kind required", "place.address required", "place.division_code required", "title required", "content required",
		"category required", "urgency required", "item_code required", "disposition required",
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestWhoAsks(t *testing.T) {
	t.Parallel()
	s, _ := newDesk(t, nil)
	withheld := ticketstest.Call(callID)
	withheld.Citizen = contact.Address{}
	tests := map[string]struct {
		contact    contact.Contact
		change     func(*tickets.Requester)
		phone, ref string
	}{
		"the caller":            {ticketstest.Call(callID), nil, "+8613812345678", contact.NewAddress("+8613812345678").Ref([]byte(ticketstest.RefKey))},
		"another number wished": {ticketstest.Call(callID), func(r *tickets.Requester) { r.Phone = "010-6555 1234" }, "+861065551234", contact.NewAddress("+8613812345678").Ref([]byte(ticketstest.RefKey))},
		"wishes to be unnamed":  {ticketstest.Call(callID), func(r *tickets.Requester) { r.Anonymous = true }, "", contact.NewAddress("+8613812345678").Ref([]byte(ticketstest.RefKey))},
		"number withheld":       {withheld, nil, "", "anonymous-" + string(callID)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := registration("key of "+name, func(f *tickets.Fields) {
				if tt.change != nil {
					tt.change(&f.Requester)
				}
			})
			r.Contact = tt.contact
			if got := register(t, s, r).Requester; got.Phone != tt.phone || got.Ref != tt.ref {
				t.Errorf("phone %q, ref %q; want %q, %q", got.Phone, got.Ref, tt.phone, tt.ref)
			}
		})
	}
}

func TestFinding(t *testing.T) {
	t.Parallel()
	s, _ := newDesk(t, nil)
	got := register(t, s, registration("key-1", nil))
	for name, find := range map[string]func() ([]tickets.Ticket, error){
		"of the contact": func() ([]tickets.Ticket, error) { return s.OfContact(t.Context(), callID) },
		"of the citizen": func() ([]tickets.Ticket, error) { return s.OfCitizen(t.Context(), got.Requester.Ref, 1000) },
		"by number": func() ([]tickets.Ticket, error) {
			one, err := s.Ticket(t.Context(), got.Number)
			return []tickets.Ticket{one}, err
		},
	} {
		found, err := find()
		if err != nil || len(found) != 1 || found[0].Number != got.Number {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
	if all, err := s.OfCitizen(t.Context(), "", 10); err != nil || len(all) != 0 {
		t.Errorf("of nobody: %v, %v", all, err)
	}
	for _, number := range []string{"20261124-0000002-1", "'; DROP TABLE tickets", ""} {
		if _, err := s.Ticket(t.Context(), number); !errors.Is(err, tickets.ErrNotFound) {
			t.Errorf("number %q: %v, want ErrNotFound", number, err)
		}
	}
}

func TestDraftsPassThroughTheService(t *testing.T) {
	t.Parallel()
	s, _ := newDesk(t, nil)
	saved, err := s.SaveDraft(t.Context(), tickets.Draft{Contact: callID, Agent: "1001", Fields: tickets.Fields{Title: "停水"}})
	if err != nil || saved.Revision != 1 || !saved.SavedAt.Equal(morning()) {
		t.Errorf("saved %+v, %v", saved, err)
	}
	if got, err := s.Draft(t.Context(), callID); err != nil || got.Fields.Title != "停水" {
		t.Errorf("loaded %+v, %v", got, err)
	}
	huge := tickets.Draft{Contact: callID, Fields: tickets.Fields{Content: strings.Repeat("长", 30_000)}}
	if _, err := s.SaveDraft(t.Context(), huge); !isFieldError(err, "content", "too_long") {
		t.Errorf("a draft of 90 KB: %v", err)
	}
}

func TestInMemoryDrafts(t *testing.T) {
	t.Parallel()
	ticketstest.TestDrafts(t, func(*testing.T) tickets.Drafts { return &ticketstest.Drafts{} })
}

func TestMissingOptionsAreNamed(t *testing.T) {
	t.Parallel()
	whole := func() tickets.Options {
		return tickets.Options{Store: brokenStore{}, Drafts: &ticketstest.Drafts{}, Directory: &tickets.Directory{}, RefKey: []byte(ticketstest.RefKey)}
	}
	for want, drop := range map[string]func(*tickets.Options){
		"Store": func(o *tickets.Options) { o.Store = nil }, "Drafts": func(o *tickets.Options) { o.Drafts = nil },
		"Directory": func(o *tickets.Options) { o.Directory = nil }, "RefKey": func(o *tickets.Options) { o.RefKey = []byte("short") },
	} {
		o := whole()
		drop(&o)
		if _, err := tickets.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v", want, err)
		}
	}
	for want, o := range map[string]tickets.DispatcherOptions{"Outbox": {Sinks: units{}}, "Sinks": {Outbox: &outbox{}}} {
		if _, err := tickets.NewDispatcher(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v", want, err)
		}
	}
}

// brokenStore is a database that is away.
type brokenStore struct{ tickets.Store }

func (brokenStore) Repeated(context.Context, string, string) (tickets.Ticket, error) {
	return tickets.Ticket{}, tickets.ErrNotFound
}

func (brokenStore) Register(context.Context, tickets.Entry) (tickets.Ticket, bool, error) {
	return tickets.Ticket{}, false, errDown
}

func TestWhileTheDatabaseIsAwayNothingIsClaimed(t *testing.T) {
	t.Parallel()
	woken := false
	s, _ := newDesk(t, func(o *tickets.Options) { o.Store, o.Wake = brokenStore{}, func() { woken = true } })
	_, _, err := s.Register(t.Context(), registration("key-1", nil))
	if !errors.Is(err, errDown) || woken {
		t.Errorf("error %v, dispatcher woken %v", err, woken)
	}
	if strings.Contains(err.Error(), "张") || strings.Contains(err.Error(), "138") {
		t.Errorf("the error tells of the citizen: %v", err)
	}
}
