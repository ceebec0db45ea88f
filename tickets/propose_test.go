package tickets_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/tickets"
)

func TestDeadlineRules(t *testing.T) {
	t.Parallel()
	s, _ := newDesk(t, nil)
	const general, heating, unsafe, wages = "02.02.001", "01.01.001", "06.01.001", "04.02.001" // D7, H24, H2, D15
	tests := map[string]struct {
		f    tickets.Fields
		want tickets.DeadlineClass
	}{
		"general":                          {tickets.Fields{ItemCode: general, Category: tickets.Complaint, Urgency: tickets.Normal}, tickets.D7},
		"nothing known":                    {tickets.Fields{}, tickets.D7},
		"emergency":                        {tickets.Fields{ItemCode: general, Category: tickets.Emergency}, tickets.H2},
		"critical":                         {tickets.Fields{ItemCode: general, Urgency: tickets.Critical}, tickets.H2},
		"item of two hours":                {tickets.Fields{ItemCode: unsafe, Category: tickets.Complaint}, tickets.H2},
		"heating":                          {tickets.Fields{ItemCode: heating}, tickets.H24},
		"urgent":                           {tickets.Fields{ItemCode: general, Urgency: tickets.Urgent}, tickets.H24},
		"complex":                          {tickets.Fields{ItemCode: general, Complex: true}, tickets.D15},
		"item of fifteen days":             {tickets.Fields{ItemCode: wages}, tickets.D15},
		"urgent before complex":            {tickets.Fields{ItemCode: general, Complex: true, Urgency: tickets.Urgent}, tickets.H24},
		"emergency before all":             {tickets.Fields{ItemCode: wages, Complex: true, Category: tickets.Emergency, Urgency: tickets.Urgent}, tickets.H2},
		"complex heating stays urgent":     {tickets.Fields{ItemCode: heating, Complex: true}, tickets.H24},
		"an urgent item of fifteen days":   {tickets.Fields{ItemCode: wages, Urgency: tickets.Urgent}, tickets.H24},
		"critical item of twenty-four hrs": {tickets.Fields{ItemCode: heating, Urgency: tickets.Critical}, tickets.H2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := s.Propose(t.Context(), tt.f)
			if err != nil || p.DeadlineClass != tt.want || p.Why == "" {
				t.Errorf("got %s (%s), %v; want %s", p.DeadlineClass, p.Why, err, tt.want)
			}
		})
	}
}

func TestDeadlinesInNaturalHours(t *testing.T) {
	t.Parallel()
	want := []tickets.Deadline{
		{Class: tickets.H2, Name: "2小时", Ack: 15 * time.Minute, Contact: 30 * time.Minute, Complete: 2 * time.Hour},
		{Class: tickets.H24, Name: "24小时", Ack: time.Hour, Contact: 2 * time.Hour, Complete: 24 * time.Hour},
		{Class: tickets.D7, Name: "7天", Ack: 4 * time.Hour, Contact: 24 * time.Hour, Complete: 7 * 24 * time.Hour},
		{Class: tickets.D15, Name: "15天", Ack: 4 * time.Hour, Contact: 24 * time.Hour, Complete: 15 * 24 * time.Hour},
	}
	if diff := cmp.Diff(want, tickets.Deadlines()); diff != "" {
		t.Errorf("deadlines (-want +got):\n%s", diff)
	}
	// Seven days later it is the same hour in Shanghai, over a new year too.
	eve := time.Date(2026, 12, 29, 15, 30, 0, 0, time.UTC)
	s, _ := newDesk(t, func(o *tickets.Options) { o.Now = func() time.Time { return eve } })
	p, err := s.Propose(t.Context(), tickets.Fields{ItemCode: "02.02.001"})
	if err != nil || p.DueAt.In(tickets.Zone()).Format("2006-01-02 15:04") != "2027-01-05 23:30" || !p.AckDueAt.Equal(eve.Add(4*time.Hour)) {
		t.Errorf("due %s, ack %s, %v", p.DueAt, p.AckDueAt, err)
	}
}

func TestProposedUnits(t *testing.T) {
	t.Parallel()
	s, _ := newDesk(t, nil)
	sub, dis := tickets.UnitName{Code: "SUB-001", Name: "柳荫街道办事处"}, tickets.UnitName{Code: "DIS-001", Name: "东河区人民政府"}
	center := tickets.UnitName{Code: "CTR-001", Name: "示例市市民热线服务中心"}
	tests := map[string]struct {
		item, division string
		unit           tickets.UnitName
		alternatives   []tickets.UnitName
		rule           string
	}{
		"in a community":        {"02.02.001", "990101001001", sub, []tickets.UnitName{dis}, "place:subdistrict"},
		"in a subdistrict":      {"02.02.001", "990101001000", sub, []tickets.UnitName{dis}, "place:subdistrict"},
		"in a district only":    {"02.02.001", "990101000000", dis, []tickets.UnitName{}, "place:district"},
		"district item":         {"01.02.001", "990101001001", dis, []tickets.UnitName{}, "place:district"},
		"fixed unit":            {"01.01.001", "990101001001", tickets.UnitName{Code: "SOE-001", Name: "市热力集团有限公司"}, []tickets.UnitName{dis}, "unit:SOE-001"},
		"fixed unit, no place":  {"01.01.001", "", tickets.UnitName{Code: "SOE-001", Name: "市热力集团有限公司"}, []tickets.UnitName{}, "unit:SOE-001"},
		"no place yet":          {"02.02.001", "", tickets.UnitName{}, []tickets.UnitName{center}, "manual"},
		"the city as a place":   {"02.02.001", "990000000000", tickets.UnitName{}, []tickets.UnitName{center}, "manual"},
		"manual":                {"07.01.002", "990101001001", tickets.UnitName{}, []tickets.UnitName{center}, "manual"},
		"no item yet":           {"", "990101001001", tickets.UnitName{}, []tickets.UnitName{}, "manual"},
		"a place in the suburb": {"02.01.001", "990102002201", tickets.UnitName{Code: "SUB-004", Name: "望岭镇人民政府"}, []tickets.UnitName{{Code: "DIS-002", Name: "西山区人民政府"}}, "place:subdistrict"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := s.Propose(t.Context(), tickets.Fields{ItemCode: tt.item, Place: tickets.Place{DivisionCode: tt.division}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.alternatives, p.Alternatives); diff != "" || p.Unit != tt.unit || p.Rule != tt.rule {
				t.Errorf("unit %v by %s, alternatives (-want +got):\n%s", p.Unit, p.Rule, diff)
			}
		})
	}
}

func TestUnknownCodesAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := newDesk(t, nil)
	tests := map[string]struct {
		f           tickets.Fields
		field, code string
	}{
		"item":     {tickets.Fields{ItemCode: "99.99.999"}, "item_code", "unknown"},
		"division": {tickets.Fields{Place: tickets.Place{DivisionCode: "110101001001"}}, "place.division_code", "unknown"},
		"category": {tickets.Fields{Category: "gossip"}, "category", "unknown"},
		"urgency":  {tickets.Fields{Urgency: "yesterday"}, "urgency", "unknown"},
	}
	for name, tt := range tests {
		if _, err := s.Propose(t.Context(), tt.f); !isFieldError(err, tt.field, tt.code) {
			t.Errorf("%s: %v, want %s %s", name, err, tt.field, tt.code)
		}
	}
}
