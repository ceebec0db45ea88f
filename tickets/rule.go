package tickets

import (
	"slices"
	"strings"
)

// Rule is one way to find the lead unit of an item: place:subdistrict,
// place:district, unit:CODE or manual.
type Rule string

// The rules that need no code.
const (
	BySubdistrict Rule = "place:subdistrict"
	ByDistrict    Rule = "place:district"
	Manual        Rule = "manual"
)

func (r Rule) fixedUnit() (code string, ok bool) { return strings.CutPrefix(string(r), "unit:") }

// find resolves the rule for a place; false when it finds nobody there.
func (r Rule) find(d *Directory, division string) (Unit, bool) {
	if code, ok := r.fixedUnit(); ok {
		return d.Unit(code)
	}
	switch r {
	case BySubdistrict:
		u, ok := d.places[subdistrict(division)]
		return u, ok && u.Kind == SubdistrictUnit
	case ByDistrict:
		u, ok := d.places[district(division)]
		return u, ok && u.Kind == DistrictUnit
	case Manual:
		return Unit{}, false
	default:
		return Unit{}, false
	}
}

// found is a unit and the rule that led to it.
type found struct {
	unit Unit
	rule Rule
}

// leads resolves an item at a place: each unit once, best first. The tail
// place:district is implied; an item whose first rule is manual has none.
func (d *Directory) leads(i Item, division string) []found {
	var all []found
	for _, rule := range append(slices.Clip(i.Lead), ByDistrict) {
		if rule == Manual {
			return all
		}
		u, ok := rule.find(d, division)
		if ok && !holds(all, u) {
			all = append(all, found{unit: u, rule: rule})
		}
	}
	return all
}

func holds(all []found, u Unit) bool {
	for _, f := range all {
		if f.unit.Code == u.Code {
			return true
		}
	}
	return false
}
