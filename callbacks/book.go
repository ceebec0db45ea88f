package callbacks

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/contact"
)

// BookOptions makes a Book; all fields are needed but Now (time.Now).
type BookOptions struct {
	Config     Config
	Store      Store
	Log        *slog.Logger
	Registerer Registerer
	Now        func() time.Time
}

// Book is where promises are made, found and cancelled. A nil Book makes none.
// Any goroutine may call its methods; those with an error block for the
// database.
type Book struct {
	o       BookOptions
	metrics *metrics
}

// NewBook registers the metrics of promises.
func NewBook(o BookOptions) *Book {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Book{o: o, metrics: newMetrics(o.Registerer)}
}

// Request is who is to be called back.
type Request struct {
	Contact    contact.ID
	Citizen    contact.Address
	CitizenRef string
	Line       string
	Source     string
	Since      time.Time // when the citizen began to wait
	Why        Why
}

// Enabled says whether anybody is called back.
func (b *Book) Enabled() bool { return b != nil && b.o.Config.Enabled() }

// Follows says whether a call that was given up after that wait is followed.
func (b *Book) Follows(waited time.Duration) bool {
	return b.Enabled() && b.o.Config.Abandoned && waited >= b.o.Config.AbandonedAfter
}

// Promise keeps a promise, and returns it once it is stored: the citizen's open
// one where there is one, the contact's where it has one.
func (b *Book) Promise(ctx context.Context, r Request) (Promise, error) {
	now := b.o.Now().UTC()
	p := Promise{
		ID: ulid.MustNew(ulid.Timestamp(now), ulid.DefaultEntropy()).String(), Contact: r.Contact,
		Citizen: r.Citizen, CitizenRef: r.CitizenRef, Line: r.Line, Source: r.Source,
		Since: r.Since.UTC(), Why: r.Why, State: Waiting, MadeAt: now,
	}
	kept, err := b.o.Store.Keep(ctx, p)
	if err != nil {
		return Promise{}, err
	}
	if kept.ID == p.ID {
		b.metrics.made.WithLabelValues(string(r.Why)).Inc()
		b.o.Log.Info("call-back promised", "contact_id", string(r.Contact), "callback_id", p.ID, "why", string(r.Why))
	}
	return kept, nil
}

// Returning ends the open promise of a citizen who rings again, and returns it:
// the place is the new call's. false: there is none.
func (b *Book) Returning(ctx context.Context, ref string) (Promise, bool, error) {
	if !b.Enabled() || ref == "" {
		return Promise{}, false, nil
	}
	p, err := b.o.Store.OpenOf(ctx, ref)
	return b.end(ctx, p, err)
}

// Alive ends the open promise of a contact that was taken for dead.
func (b *Book) Alive(ctx context.Context, id contact.ID) error {
	if !b.Enabled() {
		return nil
	}
	p, err := b.o.Store.OpenFrom(ctx, id)
	_, _, err = b.end(ctx, p, err)
	return err
}

func (b *Book) end(ctx context.Context, p Promise, found error) (Promise, bool, error) {
	if found == nil {
		p, found = b.Cancel(ctx, p.ID)
	}
	if errors.Is(found, ErrNotFound) {
		return Promise{}, false, nil
	}
	return p, found == nil, found
}

// Cancel ends an open promise; ErrNotFound.
func (b *Book) Cancel(ctx context.Context, id string) (Promise, error) {
	p, err := b.o.Store.Cancel(ctx, id, b.o.Now().UTC())
	if err != nil {
		return Promise{}, err
	}
	b.metrics.ended.WithLabelValues(string(Cancelled)).Inc()
	b.o.Log.Info("call-back cancelled", "contact_id", string(p.Contact), "callback_id", p.ID)
	return p, nil
}

// Open lists open promises in the order of their places; limit 1-500.
func (b *Book) Open(ctx context.Context, limit int) ([]Promise, error) {
	if !b.Enabled() {
		return []Promise{}, nil
	}
	return b.o.Store.Open(ctx, limit)
}
