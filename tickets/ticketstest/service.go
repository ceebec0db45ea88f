package ticketstest

import (
	"testing"
	"time"

	"hotline/contact"
	"hotline/database/databasetest"
	"hotline/tickets"
	"hotline/tickets/sqlstore"
)

// RefKey keys the pseudonyms of test services.
const RefKey = "a test key of thirty-two letters"

// NewService is a service on a fresh SQLite file, with drafts in memory and
// the sample directory. change, which may be nil, sees the options first.
func NewService(t testing.TB, change func(*tickets.Options)) (*tickets.Service, *sqlstore.Store) {
	t.Helper()
	store, err := sqlstore.New(t.Context(), databasetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	directory, err := tickets.SampleDirectory()
	if err != nil {
		t.Fatal(err)
	}
	o := tickets.Options{Store: store, Drafts: &Drafts{}, Directory: directory, RefKey: []byte(RefKey)}
	if change != nil {
		change(&o)
	}
	s, err := tickets.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, store
}

// Form is a complete form for the sample directory: noise in 柳荫街道, whose
// office is unit SUB-001.
func Form() tickets.Fields {
	return tickets.Fields{
		Requester: tickets.Requester{Name: "张女士", Kind: "natural", ReplyWanted: true},
		Place:     tickets.Place{Address: "柳荫街12号院3号楼", DivisionCode: "990101001001"},
		Title:     "夜间施工噪声", Content: "每晚十点以后工地仍在施工，影响休息。",
		Category: tickets.Complaint, Nature: tickets.NatureComplaint, ItemCode: "02.02.001",
		Urgency: tickets.Normal, Disposition: tickets.Dispatched, LeadUnit: "SUB-001", DeadlineClass: tickets.D7,
		Language: "zh-CN",
	}
}

// Call is a citizen's call that a form can be about.
func Call(id contact.ID) contact.Contact {
	return contact.Contact{
		ID: id, Channel: contact.Phone, Line: "citizen", Source: "12315",
		Citizen: contact.NewAddress("+8613812345678"), Accepted: time.Date(2026, 11, 24, 7, 58, 0, 0, time.UTC),
	}
}
