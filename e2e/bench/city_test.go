package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"hotline/load"
)

// The node of the benches serves calls and leaves nothing behind.
func TestCity(t *testing.T) {
	t.Parallel()
	c := &City{}
	var at CityAt
	if err := c.Open(CityArgs{Agents: 2}, &at); err != nil {
		t.Fatal(errors.Join(err, c.close()))
	}
	o := crowd(at, accounts(2))
	o.Supervisor = load.Account{Name: supervisorName, Password: supervisorPassword}
	o.Rate, o.For, o.Calls, o.Talk = 5, time.Minute, 3, 100*time.Millisecond
	o.For = 2 * time.Second
	r, err := load.Run(t.Context(), o)
	if err != nil || !r.Ledger.Balanced || r.Served != r.Offered || r.Offered == 0 {
		t.Errorf("%d of %d served, ledger %+v, %v %s", r.Served, r.Offered, r.Ledger, err, r.Error)
	}
	if n, err := load.Joined(t.Context(), at.Admin); err != nil || n != r.Served {
		t.Errorf("%d joined, %v", n, err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(c.data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestScriptsAreUnpacked(t *testing.T) {
	t.Parallel()
	folder, err := unpack()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	for _, name := range []string{"caller.xml", "answerer.xml", "kamailio.cfg"} {
		if text, err := os.ReadFile(folder + "/" + name); err != nil || !strings.Contains(string(text), "INVITE") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
