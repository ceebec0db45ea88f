package tickets

import (
	"fmt"
	"slices"
	"time"
)

// Zone is where deadlines are computed and days of ticket numbers begin:
// Asia/Shanghai, UTC+8 the whole year since 1991. Fixed, so that a machine
// without time zone data counts alike.
func Zone() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

// Deadline is what a class grants, in natural hours from the dispatch (§8 of
// the domain's rules): until when to sign for the ticket (签收), to contact
// the citizen (联系), to complete (办结).
type Deadline struct {
	Class                  DeadlineClass
	Name                   string
	Ack, Contact, Complete time.Duration
}

// Deadlines are the four classes, shortest first.
func Deadlines() []Deadline {
	const day = 24 * time.Hour
	return []Deadline{
		{Class: H2, Name: "2小时", Ack: 15 * time.Minute, Contact: 30 * time.Minute, Complete: 2 * time.Hour},
		{Class: H24, Name: "24小时", Ack: time.Hour, Contact: 2 * time.Hour, Complete: day},
		{Class: D7, Name: "7天", Ack: 4 * time.Hour, Contact: day, Complete: 7 * day},
		{Class: D15, Name: "15天", Ack: 4 * time.Hour, Contact: day, Complete: 15 * day},
	}
}

// deadline finds a class; it must be one of classes().
func deadline(c DeadlineClass) Deadline {
	all := Deadlines()
	return all[max(slices.IndexFunc(all, func(d Deadline) bool { return d.Class == c }), 0)]
}

// due adds a natural duration to the dispatch.
func due(from time.Time, d time.Duration) time.Time { return from.In(Zone()).Add(d).UTC() }

// longer says that a grants more time than b.
func longer(a, b DeadlineClass) bool { return slices.Index(classes(), a) > slices.Index(classes(), b) }

// deadlineRule gives a class its condition, and says why in Chinese.
type deadlineRule struct {
	class DeadlineClass
	when  func(f Fields, i Item) bool
	why   string
}

// deadlineRules: the first that holds wins; the last always holds.
func deadlineRules() []deadlineRule {
	return []deadlineRule{
		{H2, func(f Fields, _ Item) bool { return f.Category == Emergency }, "应急类诉求"},
		{H2, func(f Fields, _ Item) bool { return f.Urgency == Critical }, "紧急程度为特急"},
		{H2, func(_ Fields, i Item) bool { return i.DeadlineClass == H2 }, "目录规定的突发事项"},
		{H24, func(_ Fields, i Item) bool { return i.DeadlineClass == H24 }, "目录规定的水电气热事项"},
		{H24, func(f Fields, _ Item) bool { return f.Urgency == Urgent }, "紧急程度为紧急"},
		{D15, func(f Fields, _ Item) bool { return f.Complex }, "疑难复杂诉求"},
		{D15, func(_ Fields, i Item) bool { return i.DeadlineClass == D15 }, "目录规定的疑难事项"},
		{D7, func(Fields, Item) bool { return true }, "一般诉求"},
	}
}

func classify(f Fields, i Item) (DeadlineClass, string) {
	for _, r := range deadlineRules() {
		if r.when(f, i) {
			return r.class, r.why
		}
	}
	return D7, ""
}

// propose suggests unit and deadline; incomplete fields give what is known.
func (d *Directory) propose(f Fields, now time.Time) Proposal {
	item, known := d.Item(f.ItemCode)
	class, whyClass := classify(f, item)
	granted := deadline(class)
	p := Proposal{
		Alternatives: []UnitName{}, DeadlineClass: class, Rule: string(Manual),
		DueAt: due(now, granted.Complete), AckDueAt: due(now, granted.Ack),
	}
	whyUnit := "请选择事项"
	if known {
		whyUnit = d.proposeUnit(&p, item, f.Place.DivisionCode)
	}
	p.Why = fmt.Sprintf("%s；%s，时限%s。", whyUnit, whyClass, granted.Name)
	return p
}

func (d *Directory) proposeUnit(p *Proposal, item Item, division string) string {
	all := d.leads(item, division)
	if len(all) == 0 {
		p.Alternatives = d.centers()
		return fmt.Sprintf("“%s”在此处无法按目录确定承办单位，请人工选择", item.Path[2])
	}
	p.Unit, p.Rule = all[0].unit.named(), string(all[0].rule)
	for _, other := range all[1:] {
		p.Alternatives = append(p.Alternatives, other.unit.named())
	}
	return fmt.Sprintf("“%s”%s，由%s承办", item.Path[2], all[0].rule.text(), all[0].unit.Name)
}

func (r Rule) text() string {
	switch r {
	case BySubdistrict:
		return "按事发地直派街道（乡镇）"
	case ByDistrict:
		return "按事发地由区级兜底"
	case Manual:
		return "人工派单"
	default:
		return "按目录直派固定单位"
	}
}

// centers may take what no rule places.
func (d *Directory) centers() []UnitName {
	all := []UnitName{}
	for _, u := range d.Units {
		if u.Kind == CityCenter {
			all = append(all, u.named())
		}
	}
	return all
}
