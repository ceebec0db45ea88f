package people

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"hotline/config"
	"hotline/contact"
)

// Config is the section of the accounts. A zero limit is its default.
type Config struct {
	Accounts        []Seed        `yaml:"accounts" doc:"Accounts made at a start where they do not exist; what exists is never changed."`
	SessionLife     time.Duration `yaml:"session_life" default:"12h" doc:"How long a sign-in holds."`
	AccountFailures int           `yaml:"account_failures" default:"5" doc:"Wrong passwords of one account before it is locked."`
	AddressFailures int           `yaml:"address_failures" default:"20" doc:"Wrong passwords in a row from one address before it is locked; a hall behind one address shares the count, and a right one clears it."`
	LockWindow      time.Duration `yaml:"lock_window" default:"15m" doc:"How long wrong passwords count, and how long a lock holds."`
}

// Seed is an account of the configuration.
type Seed struct {
	ID       contact.AgentID `yaml:"id" required:"true" doc:"Account name, such as 1001."`
	Name     string          `yaml:"name" doc:"Shown on desks; the ID when empty."`
	Role     Role            `yaml:"role" default:"agent" doc:"agent, supervisor or administrator."`
	Password config.Secret   `yaml:"password" required:"true" doc:"First password, 8 to 256 bytes."`
	Skills   []string        `yaml:"skills" doc:"What the person can serve: general, or enterprise=2 for a level."`
}

// Validate names every field at fault.
func (c Config) Validate() error {
	errs := []error{
		notNegative("session_life", c.SessionLife), notNegative("lock_window", c.LockWindow),
		notNegative("account_failures", c.AccountFailures), notNegative("address_failures", c.AddressFailures),
	}
	seen := map[contact.AgentID]int{}
	for i, s := range c.Accounts {
		for _, err := range s.problems() {
			errs = append(errs, fmt.Errorf("accounts[%d].%w", i, err))
		}
		if first, twice := seen[s.ID]; twice {
			errs = append(errs, fmt.Errorf("accounts[%d].id: accounts[%d] has it already", i, first))
			continue
		}
		seen[s.ID] = i
	}
	return errors.Join(errs...)
}

func notNegative[T int | time.Duration](field string, v T) error {
	if v >= 0 {
		return nil
	}
	return fmt.Errorf("%s: %v is below 0", field, v)
}

func (c Config) withDefaults() Config {
	c.SessionLife = cmp.Or(c.SessionLife, 12*time.Hour)
	c.AccountFailures = cmp.Or(c.AccountFailures, 5)
	c.AddressFailures = cmp.Or(c.AddressFailures, 20)
	c.LockWindow = cmp.Or(c.LockWindow, 15*time.Minute)
	return c
}

func (s Seed) problems() []error {
	var errs []error
	if !validID(s.ID) {
		errs = append(errs, errors.New("id: want 1 to 64 of A-Z a-z 0-9 . _ -"))
	}
	if len(s.Name) > 200 {
		errs = append(errs, errors.New("name: is over 200 bytes"))
	}
	if err := new(Role).UnmarshalText([]byte(s.Role)); err != nil {
		errs = append(errs, fmt.Errorf("role: %w", err))
	}
	if n := len(s.Password.Reveal()); n < 8 || n > maxPassword {
		errs = append(errs, fmt.Errorf("password: want 8 to %d bytes", maxPassword))
	}
	for i, skill := range s.Skills {
		name, level, leveled := strings.Cut(skill, "=")
		if !word(name, 32, lower) || leveled && (len(level) != 1 || level[0] < '1' || level[0] > '9') {
			errs = append(errs, fmt.Errorf("skills[%d]: want 1 to 32 of a-z 0-9 _ -, and =1 to =9 for a level", i))
		}
	}
	return errs
}
