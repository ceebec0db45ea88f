package people

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"runtime"
	"time"

	"hotline/contact"
	"hotline/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options of the Staff. All but Hashing and Now must be given.
type Options struct {
	Config   Config
	DB       *database.DB
	Sessions Sessions
	Attempts Attempts
	Journal  Journal
	Hashing  Hashing          // OWASP when zero
	Now      func() time.Time // the clock; time.Now when nil
}

// Staff is everybody who works here. Its methods may be called from many
// goroutines, and block until SQL and Redis answer or the context ends.
type Staff struct {
	config   Config
	db       *database.DB
	sessions Sessions
	attempts Attempts
	journal  Journal
	hashing  Hashing
	nobody   phc // what a sign-in to no account is compared with
	kitchen  kitchen
	now      func() time.Time
}

// Open brings the table forward and makes the accounts of the configuration
// that do not exist.
func Open(ctx context.Context, o Options) (*Staff, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	if err := o.DB.Migrate(ctx, "people", migrations); err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	s, err := newStaff(o)
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	return s, s.seed(ctx, o.Config.Accounts)
}

func newStaff(o Options) (*Staff, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Hashing == (Hashing{}) {
		o.Hashing = OWASP()
	}
	nobody, err := parsePHC(o.Hashing.hash("nobody's"))
	return &Staff{
		config: o.Config.withDefaults(), db: o.DB, sessions: o.Sessions, attempts: o.Attempts, journal: o.Journal,
		hashing: o.Hashing, nobody: nobody, now: o.Now,
		kitchen: make(kitchen, max(2, runtime.GOMAXPROCS(0))),
	}, err
}

// seed makes what is missing; it computes no password for what is there.
func (s *Staff) seed(ctx context.Context, seeds []Seed) error {
	for _, seed := range seeds {
		_, err := s.find(ctx, seed.ID)
		if errors.Is(err, ErrUnknown) {
			err = s.create(ctx, seed)
		}
		if err != nil {
			return fmt.Errorf("people: make account %s: %w", seed.ID, err)
		}
	}
	return nil
}

// create journals first: an entry too many is better than one too few.
func (s *Staff) create(ctx context.Context, seed Seed) error {
	if err := s.tell(ctx, Event{Kind: AccountCreated, Account: seed.ID}); err != nil {
		return err
	}
	a := Account{ID: seed.ID, Name: seed.Name, Role: seed.Role, Skills: seed.Skills}
	if a.Name == "" {
		a.Name = string(seed.ID)
	}
	_, err := s.insert(ctx, a, s.hashing.hash(seed.Password.Reveal()))
	return err
}

// SetDisabled closes an account and ends its sessions, or opens it again. by is
// who does it. ErrUnknown when there is no such account.
func (s *Staff) SetDisabled(ctx context.Context, by Account, id contact.AgentID, disabled bool) error {
	if _, err := s.find(ctx, id); err != nil {
		return err
	}
	kind := AccountEnabled
	if disabled {
		kind = AccountDisabled
	}
	if err := s.tell(ctx, Event{Kind: kind, By: by.ID, Role: by.Role, Account: id}); err != nil {
		return err
	}
	if err := s.setDisabled(ctx, id, disabled); err != nil || !disabled {
		return err
	}
	return s.deleteAll(ctx, id)
}

func (s *Staff) tell(ctx context.Context, e Event) error {
	if err := s.journal.Record(ctx, e); err != nil {
		return fmt.Errorf("people: journal %s: %w", e.Kind, err)
	}
	return nil
}
