package people_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"hotline/audit"
	"hotline/config"
	"hotline/contact"
	"hotline/database"
	"hotline/database/databasetest"
	"hotline/people"
	"hotline/people/redissessions"
	"hotline/redisserver/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const right = "correct horse"

// journal keeps events, and can be away.
type journal struct {
	mu     sync.Mutex
	events []people.Event
	away   error
}

func (j *journal) Record(_ context.Context, e people.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.away == nil {
		j.events = append(j.events, e)
	}
	return j.away
}

// kinds tells what was recorded since the last call.
func (j *journal) kinds() []people.Kind {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []people.Kind
	for _, e := range j.events {
		all = append(all, e.Kind)
	}
	j.events = nil
	return all
}

func (j *journal) setAway(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.away = err
}

func seeds() []people.Seed {
	return []people.Seed{
		{ID: "1001", Name: "王芳", Role: people.Agent, Password: config.NewSecret(right), Skills: []string{"general", "english"}},
		{ID: "2001", Role: people.Supervisor, Password: config.NewSecret("another one")},
	}
}

// house is a Staff with everything real around it but the journal.
type house struct {
	*people.Staff
	journal *journal
	redis   *redistest.Redis
	options people.Options
}

func clock() time.Time { return time.Date(2026, 10, 1, 3, 0, 0, 0, time.UTC) }

func open(t *testing.T, db *database.DB, change ...func(*people.Config)) *house {
	t.Helper()
	c := people.Config{Accounts: seeds()}
	for _, do := range change {
		do(&c)
	}
	h := &house{journal: &journal{}, redis: redistest.StartServer(t)}
	store := redissessions.New(h.redis.Client, "12345")
	h.options = people.Options{
		Config: c, DB: db, Sessions: store, Attempts: store, Journal: h.journal,
		Hashing: people.Hashing{Memory: 8, Passes: 1, Threads: 1}, Now: clock,
	}
	staff, err := people.Open(t.Context(), h.options)
	if err != nil {
		t.Fatal(err)
	}
	h.Staff = staff
	h.expect(t, people.AccountCreated, people.AccountCreated)
	return h
}

func (h *house) expect(t *testing.T, want ...people.Kind) {
	t.Helper()
	if d := cmp.Diff(want, h.journal.kinds()); d != "" {
		t.Errorf("journal: -want +got\n%s", d)
	}
}

func address(last byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, last}) }

func (h *house) signIn(t *testing.T, account contact.AgentID, password string, last byte) (people.Session, error) {
	t.Helper()
	return h.SignIn(t.Context(), account, password, address(last))
}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := open(t, db)
		session, err := h.signIn(t, "1001", right, 1)
		if err != nil {
			t.Fatal(err)
		}
		want := people.Account{ID: "1001", Name: "王芳", Role: people.Agent, Skills: []string{"general", "english"}}
		if d := cmp.Diff(want, session.Account); d != "" || !session.Expires.Equal(clock().Add(12*time.Hour)) {
			t.Errorf("expires %v; -want +got\n%s", session.Expires, d)
		}
		token := session.Token.Reveal()
		if got, err := h.Authenticate(t.Context(), token); err != nil || !cmp.Equal(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
		if err := h.SignOut(t.Context(), token, address(1)); err != nil {
			t.Error(err)
		}
		if _, err := h.Authenticate(t.Context(), token); !errors.Is(err, people.ErrNoSession) {
			t.Errorf("after sign-out: %v", err)
		}
		if err := h.SignOut(t.Context(), token, address(1)); !errors.Is(err, people.ErrNoSession) {
			t.Errorf("second sign-out: %v", err)
		}
		h.expect(t, people.SignedIn, people.SignedOut)
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ account, password string }{
		"wrong password":     {"1001", "wrong"},
		"empty password":     {"1001", ""},
		"long password":      {"1001", right + strings.Repeat("x", 300)},
		"another's password": {"1001", "another one"},
		"unknown account":    {"1009", right},
		"case of the name":   {"1001 ", right},
		"no account":         {"", right},
		"a NUL":              {"1001\x00", right},
		"SQL":                {"' OR 1=1 --", right},
		"Redis key":          {"1001}:*{", right},
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := open(t, db, func(c *people.Config) { c.AccountFailures, c.AddressFailures = 100, 100 })
		for name, tt := range tests {
			if _, err := h.signIn(t, contact.AgentID(tt.account), tt.password, 1); !errors.Is(err, people.ErrCredentials) {
				t.Errorf("%s: got %v, want ErrCredentials", name, err)
			}
			h.expect(t, people.SignInFailed)
		}
		for _, token := range []string{"", "x", strings.Repeat("A", 43), "*"} {
			if _, err := h.Authenticate(t.Context(), token); !errors.Is(err, people.ErrNoSession) {
				t.Errorf("token %q: got %v", token, err)
			}
		}
	})
}

func TestTheJournalHoldsOnlyAccountNames(t *testing.T) {
	t.Parallel()
	h := open(t, databasetest.SQLite(t))
	for _, typed := range []contact.AgentID{"my password!", "1009"} {
		_, _ = h.signIn(t, typed, "wrong", 1)
	}
	var got []contact.AgentID
	for _, e := range h.journal.events {
		got = append(got, e.Account)
	}
	if d := cmp.Diff([]contact.AgentID{"", "1009"}, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestAnAccountIsLockedAfterFiveFailures(t *testing.T) {
	t.Parallel()
	for _, account := range []contact.AgentID{"1001", "1009"} { // one that is there, one that is not
		t.Run(string(account), func(t *testing.T) {
			t.Parallel()
			h := open(t, databasetest.SQLite(t))
			for i := range 5 {
				if _, err := h.signIn(t, account, "wrong", byte(i)); !errors.Is(err, people.ErrCredentials) {
					t.Fatalf("try %d: %v", i+1, err)
				}
			}
			h.expect(t, people.SignInFailed, people.SignInFailed, people.SignInFailed, people.SignInFailed, people.SignInFailed, people.LockedOut)
			_, err := h.signIn(t, account, right, 9)
			locked, ok := errors.AsType[people.ErrLocked](err)
			if wait := locked.Until.Sub(clock()); !ok || wait <= 14*time.Minute || wait > 15*time.Minute {
				t.Errorf("got %v until %v, want about 15 minutes", err, locked.Until)
			}
			if _, err := h.signIn(t, "2001", "another one", 1); err != nil {
				t.Errorf("another account: %v", err)
			}
		})
	}
}

func TestAnAddressIsLockedForEveryAccount(t *testing.T) {
	t.Parallel()
	h := open(t, databasetest.SQLite(t), func(c *people.Config) { c.AddressFailures = 5 })
	spray := func(n int) {
		for i := range n {
			account := contact.AgentID("30" + string(rune('a'+i)))
			if _, err := h.signIn(t, account, "wrong", 1); !errors.Is(err, people.ErrCredentials) {
				t.Fatalf("try %d: %v", i+1, err)
			}
		}
	}
	spray(4)
	if _, err := h.signIn(t, "1001", right, 1); err != nil {
		t.Fatal(err) // and the count begins anew
	}
	spray(5)
	if _, ok := errors.AsType[people.ErrLocked](second(h.signIn(t, "1001", right, 1))); !ok {
		t.Error("the address is not locked")
	}
	if _, err := h.signIn(t, "1001", right, 2); err != nil {
		t.Errorf("another address: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestAnIPv6NetworkIsOneAddress(t *testing.T) {
	t.Parallel()
	h := open(t, databasetest.SQLite(t), func(c *people.Config) { c.AddressFailures = 2 })
	for _, from := range []string{"2001:db8:0:1::1", "2001:db8:0:1:ffff::2"} {
		_, _ = h.SignIn(t.Context(), "1009", "wrong", netip.MustParseAddr(from))
	}
	if _, ok := errors.AsType[people.ErrLocked](second(h.SignIn(t.Context(), "1001", right, netip.MustParseAddr("2001:db8:0:1::3")))); !ok {
		t.Error("the network is not locked")
	}
	if _, err := h.SignIn(t.Context(), "1001", right, netip.MustParseAddr("2001:db8:0:2::1")); err != nil {
		t.Error(err)
	}
	for _, from := range []string{"10.1.1.1", "::ffff:10.1.1.1"} {
		_, _ = h.SignIn(t.Context(), "1009", "wrong", netip.MustParseAddr(from))
	}
	if _, ok := errors.AsType[people.ErrLocked](second(h.SignIn(t.Context(), "1001", right, netip.MustParseAddr("10.1.1.1")))); !ok {
		t.Error("an address written as IPv6 is another one")
	}
}

func TestGuessesAtOnceAreNoMoreThanInTurn(t *testing.T) {
	t.Parallel()
	h := open(t, databasetest.SQLite(t))
	var all sync.WaitGroup
	var mu sync.Mutex
	judged := 0
	for range 40 {
		all.Go(func() {
			_, err := h.SignIn(t.Context(), "1001", "wrong", address(1))
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, people.ErrCredentials) {
				judged++
			}
		})
	}
	all.Wait()
	if judged != 5 {
		t.Errorf("%d guesses were judged, want 5", judged)
	}
}

func TestRevokedSessionsEndAtOnce(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := open(t, db)
		boss := people.Account{ID: "2001", Role: people.Supervisor}
		ends := map[people.Kind]func() error{
			people.SessionsRevoked: func() error { return h.RevokeAccount(t.Context(), boss, "1001") },
			people.AccountDisabled: func() error { return h.SetDisabled(t.Context(), boss, "1001", true) },
		}
		for kind, end := range ends {
			var tokens []string
			for range 3 {
				session, err := h.signIn(t, "1001", right, 1)
				if err != nil {
					t.Fatal(err)
				}
				tokens = append(tokens, session.Token.Reveal())
			}
			other, err := h.signIn(t, "2001", "another one", 1)
			if err != nil {
				t.Fatal(err)
			}
			h.journal.kinds()
			if err := end(); err != nil {
				t.Fatal(err)
			}
			h.expect(t, kind)
			for _, token := range tokens {
				if _, err := h.Authenticate(t.Context(), token); !errors.Is(err, people.ErrNoSession) {
					t.Errorf("%s: got %v, want ErrNoSession", kind, err)
				}
			}
			if _, err := h.Authenticate(t.Context(), other.Token.Reveal()); err != nil {
				t.Errorf("%s ended another's session: %v", kind, err)
			}
			if err := h.SetDisabled(t.Context(), boss, "1001", false); err != nil {
				t.Fatal(err)
			}
			if _, err := h.Authenticate(t.Context(), tokens[0]); !errors.Is(err, people.ErrNoSession) {
				t.Errorf("%s: a session came back: %v", kind, err)
			}
		}
	})
}

func TestDisabledAccounts(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := open(t, db)
		if err := h.SetDisabled(t.Context(), people.Account{}, "1009", true); !errors.Is(err, people.ErrUnknown) {
			t.Errorf("got %v, want ErrUnknown", err)
		}
		if err := h.SetDisabled(t.Context(), people.Account{}, "1001", true); err != nil {
			t.Fatal(err)
		}
		if _, err := h.signIn(t, "1001", right, 1); !errors.Is(err, people.ErrDisabled) {
			t.Errorf("right password: got %v, want ErrDisabled", err)
		}
		if _, err := h.signIn(t, "1001", "wrong", 1); !errors.Is(err, people.ErrCredentials) {
			t.Errorf("wrong password: got %v, want ErrCredentials", err)
		}
		h.expect(t, people.AccountDisabled, people.SignInFailed, people.SignInFailed)
	})
}

func TestNothingWithoutItsEntry(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := open(t, db)
		away := errors.New("the audit is away")
		h.journal.setAway(away)
		boss := people.Account{ID: "2001", Role: people.Supervisor}
		tries := map[string]func() error{
			"sign in": func() error { return second(h.signIn(t, "1001", right, 1)) },
			"fail":    func() error { return second(h.signIn(t, "1001", "wrong", 1)) },
			"disable": func() error { return h.SetDisabled(t.Context(), boss, "1001", true) },
		}
		for name, try := range tries {
			if err := try(); !errors.Is(err, away) {
				t.Errorf("%s: got %v, want that the audit is away", name, err)
			}
		}
		keys, err := h.redis.Client.Keys(t.Context(), "*session:*").Result()
		if err != nil || len(keys) != 0 {
			t.Errorf("sessions %v stayed, %v", keys, err)
		}
		if a, err := h.Account(t.Context(), "1001"); err != nil || a.Disabled {
			t.Errorf("the account is disabled (%v), %v", a.Disabled, err)
		}
	})
}

func TestSeedsAreMadeOnceAndNeverChanged(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := open(t, db)
		again := h.options
		again.Config.Accounts = seeds()
		again.Config.Accounts[0].Password = config.NewSecret("changed in the file")
		again.Config.Accounts[0].Role = people.Administrator
		again.Config.Accounts = append(again.Config.Accounts, people.Seed{ID: "9", Role: people.Agent, Password: config.NewSecret("12345678")})
		if _, err := people.Open(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		h.expect(t, people.AccountCreated)
		if _, err := h.signIn(t, "1001", right, 1); err != nil {
			t.Error(err)
		}
		all, err := h.Accounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []people.Account{
			{ID: "1001", Name: "王芳", Role: people.Agent, Skills: []string{"general", "english"}},
			{ID: "2001", Name: "2001", Role: people.Supervisor},
			{ID: "9", Name: "9", Role: people.Agent},
		}
		if d := cmp.Diff(want, all); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	})
}

func TestWhatIsAwayIsNotAWrongPassword(t *testing.T) {
	t.Parallel()
	h := open(t, databasetest.SQLite(t))
	session, err := h.signIn(t, "1001", right, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.options.DB.Close(); err != nil {
		t.Fatal(err)
	}
	tries := map[string]error{
		"sign in":      second(h.signIn(t, "1001", right, 1)),
		"authenticate": second(h.Authenticate(t.Context(), session.Token.Reveal())),
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	tries["cancelled"] = second(h.SignIn(gone, "1001", right, address(1)))
	for name, err := range tries {
		if err == nil || errors.Is(err, people.ErrCredentials) || errors.Is(err, people.ErrNoSession) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSessionsSurviveACrashOfRedis(t *testing.T) {
	t.Parallel()
	h := open(t, databasetest.SQLite(t))
	session, err := h.signIn(t, "1001", right, 1)
	if err != nil {
		t.Fatal(err)
	}
	h.redis.Crash(t)
	if _, err := h.Authenticate(t.Context(), session.Token.Reveal()); err != nil {
		t.Error(err)
	}
}

func TestEveryKindIsAnActionOfTheAudit(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, a := range audit.Actions() {
		known[string(a)] = true
	}
	for _, k := range people.Kinds() {
		if !known[string(k)] {
			t.Errorf("the audit does not know %q", k)
		}
	}
}
