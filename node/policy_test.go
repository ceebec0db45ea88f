package node

import (
	"os"
	"strings"
	"testing"
	"time"

	"hotline/config"
	"hotline/contact"
	"hotline/deploy"
	"hotline/routing"
)

func loadCity(t *testing.T) Config {
	t.Helper()
	text, err := os.ReadFile("../deploy/examples/city.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load[Config](config.Options{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestThePoliciesWeShipAreMeant(t *testing.T) {
	t.Parallel()
	demo, err := config.Load[Config](config.Options{Text: []byte(deploy.Demo)})
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]Config{"demo": demo, "city": loadCity(t)} {
		for _, day := range []time.Time{time.Date(2026, 3, 10, 2, 0, 0, 0, time.UTC), time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)} {
			findings, err := cfg.Review(day)
			if err != nil || len(findings) > 0 {
				t.Errorf("%s, %s: %v %v", name, day, findings, err)
			}
		}
	}
}

func TestReviewFindsMissingPrompts(t *testing.T) {
	t.Parallel()
	cfg := loadCity(t)
	cfg.Lines[1].Greeting = "welcome"
	permit := cfg.Routing.Queues["permit"]
	permit.Closed.Message = "shut"
	cfg.Routing.Queues["permit"] = permit
	findings, err := cfg.Review(time.Date(2026, 3, 10, 2, 0, 0, 0, time.UTC))
	if err != nil || len(findings) != 2 {
		t.Fatalf("found %v (%v), want two", findings, err)
	}
	for i, want := range []string{"lines[1].greeting: there is no prompt called welcome", "routing.queues.permit.closed.message: "} {
		if !strings.HasPrefix(findings[i].String(), want) {
			t.Errorf("found %q, want %q", findings[i], want)
		}
	}
}

// In the whole city, at any hour of a year, whoever comes waits for somebody;
// only the permits counter is closed.
func TestTheCityServesAtAnyHour(t *testing.T) {
	t.Parallel()
	book, err := loadCity(t).Policy()
	if err != nil {
		t.Fatal(err)
	}
	for at := time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC); at.Year() == 2026; at = at.Add(time.Hour) {
		for _, line := range book.All() {
			for _, class := range []contact.Class{contact.Voice, contact.Text} {
				p := book.Plan(routing.Ask{Line: line, Class: class, Now: at})
				if len(p.Entry.Buckets) == 0 || p.Closed != "" && line.Name != "permit" {
					t.Fatalf("%s at %s: closed %q, waits for %q", line.Name, at, p.Closed, p.Entry.Buckets)
				}
			}
		}
	}
}
