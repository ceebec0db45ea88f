package people_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/config"
	"hotline/people"
)

func TestConfigNamesItsFields(t *testing.T) {
	t.Parallel()
	good := func() people.Config { return people.Config{Accounts: seeds()} }
	tests := map[string]struct {
		change func(*people.Config)
		want   []string
	}{
		"good":           {func(*people.Config) {}, nil},
		"no accounts":    {func(c *people.Config) { c.Accounts = nil }, nil},
		"twice":          {func(c *people.Config) { c.Accounts[1].ID = "1001" }, []string{"accounts[1].id: accounts[0] has it already"}},
		"id":             {func(c *people.Config) { c.Accounts[1].ID = "10 01" }, []string{"accounts[1].id: want 1 to 64 of A-Z a-z 0-9 . _ -"}},
		"role":           {func(c *people.Config) { c.Accounts[0].Role = "boss" }, []string{"accounts[0].role: want agent, supervisor or administrator"}},
		"short password": {func(c *people.Config) { c.Accounts[0].Password = config.NewSecret("canary") }, []string{"accounts[0].password: want 8 to 256 bytes"}},
		"skill":          {func(c *people.Config) { c.Accounts[0].Skills = []string{"a", "英语"} }, []string{"accounts[0].skills[1]: want 1 to 32 of a-z 0-9 _ -, and =1 to =9 for a level"}},
		"level":          {func(c *people.Config) { c.Accounts[0].Skills = []string{"a=9", "a=10"} }, []string{"accounts[0].skills[1]: want 1 to 32 of a-z 0-9 _ -, and =1 to =9 for a level"}},
		"no level":       {func(c *people.Config) { c.Accounts[0].Skills = []string{"a="} }, []string{"accounts[0].skills[0]: want 1 to 32 of a-z 0-9 _ -, and =1 to =9 for a level"}},
		"several": {
			func(c *people.Config) {
				c.SessionLife, c.AccountFailures, c.Accounts[1].Name = -1, -1, strings.Repeat("x", 201)
			},
			[]string{"session_life: -1ns is below 0", "account_failures: -1 is below 0", "accounts[1].name: is over 200 bytes"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := good()
			tt.change(&c)
			var got []string
			if err := c.Validate(); err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestConfigFromAFile(t *testing.T) {
	t.Parallel()
	type city struct {
		People people.Config `yaml:"people"`
	}
	load := func(text string) (city, error) {
		path := filepath.Join(t.TempDir(), "a.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return config.Load[city](config.Options{File: path})
	}
	got, err := load("people:\n  accounts:\n    - {id: 1001, password: hunter2hunter2, skills: [general]}\n")
	if err != nil {
		t.Fatal(err)
	}
	a := got.People.Accounts[0]
	if a.ID != "1001" || a.Role != people.Agent || a.Password.Reveal() != "hunter2hunter2" || got.People.SessionLife != 12*time.Hour {
		t.Errorf("got %+v", got)
	}
	_, err = load("people:\n  accounts:\n    - {id: 1001, password: canary, role: boss}\n    - {id: a b, password: canary7}\n")
	want := `people.accounts[0].password: line 3: want 8 to 256 bytes
people.accounts[0].role: line 3: want agent, supervisor or administrator, got "boss"
people.accounts[1].id: line 4: want 1 to 64 of A-Z a-z 0-9 . _ -
people.accounts[1].password: line 4: want 8 to 256 bytes`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
