package tickets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"hotline/contact"
)

// maxDraft is a draft's size as JSON: the frames of a desk end there too.
const maxDraft = 64 << 10

// Units says what of a requester each unit may see.
type Units interface {
	// Scope is what the configuration grants; "" leaves it to the directory.
	Scope(unit string) PIIScope
}

// Options makes a Service.
type Options struct {
	Store      Store
	Drafts     Drafts
	Directory  *Directory
	Units      Units            // nil: the directory alone decides
	Wake       func()           // told after each dispatch: Dispatcher.Wake; may be nil
	Source     string           // of events; "/hotline/tickets" when empty
	RefKey     []byte           // of pseudonyms, at least 16 bytes
	Now        func() time.Time // time.Now when nil
	Log        *slog.Logger
	Registerer Registerer
}

// Service turns forms into tickets. It implements Desk; all methods may be
// called from many goroutines.
type Service struct {
	o         Options
	directory atomic.Pointer[Directory]
	metrics   *metrics
}

// New makes a service; the error names the option that is missing.
func New(o Options) (*Service, error) {
	switch {
	case o.Store == nil:
		return nil, errors.New("tickets: Store is missing")
	case o.Drafts == nil:
		return nil, errors.New("tickets: Drafts is missing")
	case o.Directory == nil:
		return nil, errors.New("tickets: Directory is missing")
	case len(o.RefKey) < 16:
		return nil, errors.New("tickets: RefKey is shorter than 16 bytes")
	}
	o = o.withDefaults()
	s := &Service{o: o, metrics: newMetrics(o.Registerer)}
	s.directory.Store(o.Directory)
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Source == "" {
		o.Source = "/hotline/tickets"
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Directory is the current version.
func (s *Service) Directory() *Directory { return s.directory.Load() }

// UseDirectory switches to another version; tickets keep theirs.
func (s *Service) UseDirectory(d *Directory) { s.directory.Store(d) }

// Draft loads the saved form of a contact, or ErrNotFound.
func (s *Service) Draft(ctx context.Context, id contact.ID) (Draft, error) {
	return s.o.Drafts.Load(ctx, id)
}

// SaveDraft saves d over revision d.Revision; a newer one is a *Conflict.
func (s *Service) SaveDraft(ctx context.Context, d Draft) (Draft, error) {
	b, err := json.Marshal(d.Fields)
	if err != nil {
		return Draft{}, FieldErrors{{Field: "fields", Code: codeInvalid, Message: "无法保存 / cannot be written"}}
	}
	if len(b) > maxDraft {
		return Draft{}, FieldErrors{{Field: "content", Code: codeTooLong, Message: "草稿过大 / the draft is too large"}}
	}
	d.SavedAt = s.now()
	return s.o.Drafts.Save(ctx, d)
}

// Propose suggests unit and deadline from directory and place; incomplete
// fields give what is known, unknown codes are FieldErrors.
func (s *Service) Propose(_ context.Context, f Fields) (Proposal, error) {
	d := s.Directory()
	if err := checkKnown(f, d); err != nil {
		return Proposal{}, err
	}
	return d.propose(f, s.now()), nil
}

// Register makes the ticket. A repeat of the key returns the first ticket;
// another form under the key is ErrKeyReused.
func (s *Service) Register(ctx context.Context, r Registration) (Ticket, bool, error) {
	if r.Key == "" || len(r.Key) > 64 {
		return Ticket{}, false, FieldErrors{{Field: "idempotency_key", Code: codeInvalid, Message: "want 1 to 64 characters"}}
	}
	digest, err := r.digest()
	if err != nil {
		return Ticket{}, false, err
	}
	// First, so that a repeat is answered alike after a change of the directory.
	if t, err := s.o.Store.Repeated(ctx, r.Key, digest); err == nil || !errors.Is(err, ErrNotFound) {
		return t, err == nil, err
	}
	return s.register(ctx, r.filled(), digest)
}

func (s *Service) register(ctx context.Context, r Registration, digest string) (Ticket, bool, error) {
	d, now := s.Directory(), s.now()
	if err := check(r.Fields, d, now); err != nil {
		return Ticket{}, false, err
	}
	c := clerk{r: r, d: d, ref: r.ref(s.o.RefKey), now: now}
	t, repeated, err := s.o.Store.Register(ctx, Entry{
		Key: r.Key, Digest: digest, Day: Day(now),
		Make: func(sequence int) (Ticket, *Parcel, error) { return s.make(c, sequence) },
	})
	if err != nil {
		return Ticket{}, false, fmt.Errorf("tickets: register: %w", err)
	}
	if !repeated {
		s.registered(t, r.Contact.ID)
	}
	return t, repeated, nil
}

func (s *Service) make(c clerk, sequence int) (Ticket, *Parcel, error) {
	number, err := Number(c.now, sequence)
	if err != nil {
		return Ticket{}, nil, err
	}
	t, err := c.ticket(number)
	if err != nil || t.Disposition != Dispatched {
		return t, nil, err
	}
	t.Delivery.ID = EventID(t.Number, t.Seq)
	body, err := dispatched(t, s.o.Source, s.scope(c.d, t.LeadUnit))
	if err != nil {
		return Ticket{}, nil, err
	}
	return t, &Parcel{
		Unit: t.LeadUnit, ID: t.Delivery.ID, Number: t.Number, Contact: c.r.Contact.ID, Body: body, Queued: c.now,
	}, nil
}

// scope: the configuration of the unit, else the directory, else masked.
func (s *Service) scope(d *Directory, unit string) PIIScope {
	if s.o.Units != nil {
		if granted := s.o.Units.Scope(unit); granted != "" {
			return granted
		}
	}
	if granted := d.units[unit].PIIScope; granted != "" {
		return granted
	}
	return ScopeMasked
}

func (s *Service) registered(t Ticket, id contact.ID) {
	s.metrics.registered(t.Disposition)
	s.o.Log.Info("ticket registered", "contact_id", string(id), "ticket", t.Number, "unit", t.LeadUnit, "deadline_class", string(t.DeadlineClass))
	if t.Disposition == Dispatched {
		s.o.Wake()
	}
}

// Ticket finds a ticket by its number, or ErrNotFound.
func (s *Service) Ticket(ctx context.Context, number string) (Ticket, error) {
	if !ValidNumber(number) {
		return Ticket{}, ErrNotFound
	}
	return s.o.Store.Find(ctx, number)
}

// OfContact lists the tickets a contact made, oldest first.
func (s *Service) OfContact(ctx context.Context, id contact.ID) ([]Ticket, error) {
	return s.o.Store.OfContact(ctx, id)
}

// OfCitizen lists the newest tickets of one citizen; limit 1-100.
func (s *Service) OfCitizen(ctx context.Context, ref string, limit int) ([]Ticket, error) {
	if ref == "" {
		return []Ticket{}, nil
	}
	return s.o.Store.OfCitizen(ctx, ref, min(max(limit, 1), 100))
}

// DeadLetters lists hand-offs that were given up, oldest first; limit 1-500.
func (s *Service) DeadLetters(ctx context.Context, limit int) ([]Dead, error) {
	return s.o.Store.DeadLetters(ctx, min(max(limit, 1), 500))
}

// Requeue has a dead letter tried again, with the same ID and bytes, before
// the later ones of its unit. ErrNotFound when it is no dead letter.
func (s *Service) Requeue(ctx context.Context, id string) error {
	unit, err := s.o.Store.Requeue(ctx, id, s.now())
	if err != nil {
		return err
	}
	s.o.Log.Info("dead letter requeued", "event_id", id, "unit", unit)
	s.o.Wake()
	return nil
}

func (s *Service) now() time.Time { return s.o.Now().UTC().Truncate(time.Millisecond) }
