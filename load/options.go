package load

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"
)

// Account is an agent's or a supervisor's sign-in.
type Account struct{ Name, Password string }

// Options say who calls, who answers and what is watched.
type Options struct {
	URL        string    // of the node's desks, such as http://127.0.0.1:8080
	SIP        string    // whom the citizens call, such as sip:12345@127.0.0.1:5060
	Accounts   []Account // of agents
	Supervisor Account   // reads the records; without a name they are not compared

	Agents      int           // how many of the accounts sign in
	AcceptAfter time.Duration // how long a desk rings
	WrapUp      time.Duration // how long an agent writes after a talk

	Rate     float64       // citizens a second, on average
	For      time.Duration // how long citizens go on arriving
	Calls    int           // at most so many; 0: no limit
	Talk     time.Duration // of a citizen with an agent, on average
	Fixed    bool          // every talk lasts Talk; else they are exponential
	Patience time.Duration // who is not served within it after the answer leaves
	Abandon  float64       // share of citizens, 0-1, who leave early: in the greeting, in the queue or as it rings
	Seed     uint64        // of all that is drawn

	PID   int    // the node's process on this machine: its CPU and memory are read from /proc; 0: not
	Admin string // the node's admin address, IP:port: its own metrics are read; empty: not

	Log *slog.Logger
	// Told gets a line of progress now and then; nil: nobody does.
	Told func(Progress)
}

// Progress is how far a run has come.
type Progress struct {
	Offered, Open, Served, Ended int
}

// Validate names every field at fault, as the command line calls it.
func (o Options) Validate() error {
	errs := []error{
		o.validateTimes(), o.validateAgents(),
		check(strings.HasPrefix(o.SIP, "sip:"), "sip: %q is no URI such as sip:12345@127.0.0.1:5060", o.SIP),
		check(strings.HasPrefix(o.URL, "http://") || strings.HasPrefix(o.URL, "https://"), "url: %q is no address such as http://127.0.0.1:8080", o.URL),
		check(o.Rate > 0 && o.Rate <= 10000, "rate: %v is not above 0 and at most 10000 a second", o.Rate),
		check(o.Calls >= 0, "calls: %d is negative", o.Calls),
		check(o.Abandon >= 0 && o.Abandon <= 1, "abandon: %v is not between 0 and 1", o.Abandon),
		check(o.PID >= 0, "pid: %d is no process", o.PID),
	}
	if o.Admin != "" {
		_, err := netip.ParseAddrPort(o.Admin)
		errs = append(errs, check(err == nil, "admin: %q is not IP:port", o.Admin))
	}
	return errors.Join(errs...)
}

func (o Options) validateTimes() error {
	return errors.Join(
		check(o.For > 0, "for: %s is not above 0", o.For),
		check(o.Talk >= 0, "talk: %s is negative", o.Talk),
		check(o.Patience > 0, "patience: %s is not above 0", o.Patience),
		check(o.AcceptAfter >= 0, "accept-after: %s is negative", o.AcceptAfter),
		check(o.WrapUp >= 0, "wrap-up: %s is negative", o.WrapUp),
	)
}

func (o Options) validateAgents() error {
	return errors.Join(
		check(o.Agents >= 0, "agents: %d is negative", o.Agents),
		check(o.Agents <= len(o.Accounts), "accounts: has %d, want %d for as many agents", len(o.Accounts), o.Agents),
	)
}

func check(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// ReadAccounts reads account,password lines; blank lines and those that begin
// with # are skipped.
func ReadAccounts(text string) ([]Account, error) {
	var all []Account
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, password, ok := strings.Cut(line, ",")
		if !ok || name == "" || password == "" {
			return nil, fmt.Errorf("line %d: want account,password", number) // the line may hold a password
		}
		all = append(all, Account{strings.TrimSpace(name), strings.TrimSpace(password)})
	}
	return all, nil
}
