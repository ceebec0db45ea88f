package node

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// TestSeatsAreToldWhenGroupsTurn: at the midnights where a group begins and
// ends, also of a policy that came later, and at no other time.
func TestSeatsAreToldWhenGroupsTurn(t *testing.T) {
	t.Parallel()
	policy := func(from, until string) routing.Config {
		c := small(t).policy()
		c.Policy.Groups = []routing.Group{{
			Name: "flood", Skill: "general", Level: 1, Agents: []contact.AgentID{"1001"}, From: from, Until: until,
		}}
		return c
	}
	first, later := policy("2000-01-03", "2000-01-04"), policy("2000-01-08", "")
	synctest.Test(t, func(t *testing.T) { // the bubble's clock begins with the year 2000, UTC
		book, err := routing.NewBook(first)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		turns := newTurns(book.SeatsChange, time.Now, func(context.Context) {
			told = append(told, time.Now().UTC().Format("02 15:04"))
		})
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() { defer close(over); turns.run(ctx) }()
		time.Sleep(5 * 24 * time.Hour) //nolint:forbidigo // the bubble's clock
		if err := book.Replace(later); err != nil {
			t.Fatal(err)
		}
		turns.again()
		time.Sleep(5 * 24 * time.Hour) //nolint:forbidigo // the bubble's clock
		stop()
		<-over
		if want := []string{"02 16:00", "04 16:00", "07 16:00"}; !slices.Equal(told, want) {
			t.Errorf("told at %q, want %q", told, want)
		}
	})
}
