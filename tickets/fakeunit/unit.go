package fakeunit

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"hotline/config"
	"hotline/tickets/webhook"
)

// Fault is a way for a unit to be out of order.
type Fault string

// The faults.
const (
	Unavailable Fault = "503"     // answers 503
	Limited     Fault = "429"     // answers 429 with Retry-After: 120
	Rejecting   Fault = "422"     // rejects for good
	Hanging     Fault = "timeout" // takes the request and never answers
	Refusing    Fault = "refused" // resets the connection
	Page        Fault = "page"    // answers 200 with an HTML page
	Flooding    Fault = "flood"   // answers 200 with 5 MB
	Forgetful   Fault = "forget"  // keeps the ticket, then answers 500
)

// Faults lists them all.
func Faults() []Fault {
	return []Fault{Unavailable, Limited, Rejecting, Hanging, Refusing, Page, Flooding, Forgetful}
}

// Options makes a Unit.
type Options struct {
	Listen  string           // 127.0.0.1:0 when empty
	Secrets []config.Secret  // accepted keys, at least one
	Now     func() time.Time // time.Now when nil
	Log     *slog.Logger     // may be nil
}

// Unit is a responsible unit's system as docs/ticket.md asks for one: it
// verifies signature and time, checks the event, drops repeats by ID and
// acknowledges. Every path takes tickets, so that it can stand for many units.
// GET /received lists what it has; POST /down?mode=503&for=1h and POST /up
// break and repair it.
type Unit struct {
	o      Options
	keys   webhook.Keys
	server *http.Server
	addr   string
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	received []Delivery
	attempts int
	fault    Fault
	until    time.Time     // of the fault; zero: until repaired
	changed  chan struct{} // closed and renewed at each change
}

// Delivery is one event the unit has, however often it came.
type Delivery struct {
	ID           string    `json:"id"`
	Number       string    `json:"ticket_no"`
	Title        string    `json:"title"`
	Unit         string    `json:"unit"`
	SignatureOK  bool      `json:"signature_ok"`
	SentAt       time.Time `json:"sent_at"` // the first signature's timestamp
	ReceivedAt   time.Time `json:"received_at"`
	Repeats      int       `json:"repeats"`       // beyond the first
	BytesChanged bool      `json:"bytes_changed"` // a repeat had other bytes: a fault of the sender
	AckRef       string    `json:"ack_ref"`
	Body         []byte    `json:"-"`
}

// NewSecret makes a signing key.
func NewSecret() config.Secret {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return config.NewSecret("whsec_" + base64.StdEncoding.EncodeToString(b))
}

// Start listens and serves until Close.
func Start(ctx context.Context, o Options) (*Unit, error) {
	keys, err := webhook.NewKeys(o.Secrets...)
	if err != nil {
		return nil, fmt.Errorf("fake unit: %w", err)
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("fake unit: %w", err)
	}
	u := &Unit{o: o, keys: keys, addr: listener.Addr().String(), closed: make(chan struct{}), changed: make(chan struct{})}
	u.server = &http.Server{Handler: u.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := u.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("the fake unit has stopped", "error", err)
		}
	}()
	return u, nil
}

// URL is where tickets are posted.
func (u *Unit) URL() string { return "http://" + u.addr + "/tickets" }

// Close stops at once. Safe to call twice.
func (u *Unit) Close() error {
	var err error
	u.once.Do(func() {
		close(u.closed)
		err = u.server.Close()
	})
	return err
}

// Break puts the unit out of order; for a while d, or until Repair when d is 0.
func (u *Unit) Break(f Fault, d time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.fault, u.until = f, time.Time{}
	if d > 0 {
		u.until = u.o.Now().Add(d)
	}
	u.tell()
}

// Repair brings the unit back; requests it keeps hanging are reset.
func (u *Unit) Repair() { u.Break("", 0) }

// Received lists the events the unit has, in order of arrival.
func (u *Unit) Received() []Delivery {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.received)
}

// Attempts counts the posts it got, refused ones too.
func (u *Unit) Attempts() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.attempts
}

// Wait returns once the unit has n events, or with ctx's error.
func (u *Unit) Wait(ctx context.Context, n int) error {
	return u.await(ctx, func() bool { return len(u.received) >= n })
}

// WaitAttempts returns once n posts have come, or with ctx's error.
func (u *Unit) WaitAttempts(ctx context.Context, n int) error {
	return u.await(ctx, func() bool { return u.attempts >= n })
}

func (u *Unit) await(ctx context.Context, done func() bool) error {
	for {
		u.mu.Lock()
		ok, changed := done(), u.changed
		u.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// tell wakes those who wait; the caller holds the lock.
func (u *Unit) tell() {
	close(u.changed)
	u.changed = make(chan struct{})
}

// arrive counts a post and tells in which fault it meets the unit.
func (u *Unit) arrive() Fault {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.attempts++
	u.tell()
	if !u.until.IsZero() && !u.o.Now().Before(u.until) {
		u.fault, u.until = "", time.Time{}
	}
	return u.fault
}

// keep stores an event, or counts a repeat, and returns the reference.
func (u *Unit) keep(d Delivery) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	defer u.tell()
	for i := range u.received {
		if known := &u.received[i]; known.ID == d.ID {
			known.Repeats++
			known.BytesChanged = known.BytesChanged || !slices.Equal(known.Body, d.Body)
			return known.AckRef
		}
	}
	d.AckRef = fmt.Sprintf("FAKE-%06d", len(u.received)+1)
	u.received = append(u.received, d)
	return d.AckRef
}
