package fakeunit

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hotline/tickets"
)

// readEvent checks an event against docs/ticket.md: the envelope, and each
// field of the ticket that is required at hand-off.
func readEvent(body []byte) (tickets.Event, error) {
	var e tickets.Event
	if err := json.Unmarshal(body, &e); err != nil {
		return e, errors.New("is no event with a ticket")
	}
	for _, rule := range []struct {
		field string
		ok    bool
	}{
		{"specversion", e.SpecVersion == "1.0"},
		{"type", e.Type == tickets.EventDispatched},
		{"source", e.Source != ""},
		{"time", !e.Time.IsZero()},
		{"datacontenttype", e.DataContentType == "application/json"},
		{"data.ticket_no", tickets.ValidNumber(e.Data.Number)},
		{"subject", e.Subject == e.Data.Number},
		{"id", e.ID == tickets.EventID(e.Data.Number, e.Data.Seq)},
	} {
		if !rule.ok {
			return e, fmt.Errorf("%s: is wrong", rule.field)
		}
	}
	var raw struct {
		Data map[string]any `json:"data"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return e, errors.New("is no JSON object")
	}
	return e, errors.Join(checkRequired(raw.Data), checkHistory(e.Data))
}

func checkRequired(ticket map[string]any) error {
	for _, path := range Required() {
		at := any(ticket)
		for key := range strings.SplitSeq(path, ".") {
			object, _ := at.(map[string]any)
			at = object[key]
		}
		if at == nil || at == "" {
			return fmt.Errorf("data.%s: is missing", path)
		}
	}
	place, _ := ticket["place"].(map[string]any)
	if place["none"] != true && (place["address"] == nil || place["division_code"] == nil) {
		return errors.New("data.place: has neither an address nor none")
	}
	return nil
}

// Required lists the fields a dispatched ticket always has.
func Required() []string {
	return []string{
		"schema", "ticket_no", "seq", "round", "session_ids", "created_at", "updated_at", "accepted_by", "channel", "line",
		"requester.ref", "requester.kind", "requester.confidential", "requester.anonymous", "requester.reply_wanted",
		"category", "item_code", "item_path", "title", "content", "urgency", "complex", "place", "disposition",
		"lead_unit", "dispatch.rule", "dispatch.directory_version", "deadline_class", "due_at",
		"state", "state_since", "history", "followup_state",
	}
}

func checkHistory(t tickets.Ticket) error {
	i := slices.IndexFunc(t.History, func(h tickets.HistoryEntry) bool {
		return h.Seq < 1 || h.Seq > len(t.History) || t.History[h.Seq-1].Seq != h.Seq
	})
	if i >= 0 || len(t.History) != t.Seq {
		return errors.New("data.history: has gaps")
	}
	return nil
}
