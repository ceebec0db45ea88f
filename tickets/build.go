package tickets

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// builder turns rows into a directory and keeps what is wrong with them.
type builder struct {
	d       *Directory
	expired map[string]bool // units whose valid_to is past when the directory takes effect
	faults  []error
}

func (b *builder) fault(err error) { b.faults = append(b.faults, err) }

func (b *builder) build(m manifest, divisions, units, items sheet) (*Directory, error) {
	for _, r := range divisions.rows {
		b.division(r)
	}
	for _, r := range units.rows {
		b.unit(r)
	}
	for _, r := range items.rows {
		b.item(r)
	}
	b.parents(divisions, units)
	b.backstops(divisions)
	b.counts(m)
	if len(b.faults) > 0 {
		return nil, errors.Join(b.faults...)
	}
	return b.d, nil
}

func (b *builder) division(r row) {
	v := Division{Code: r.get("code"), Name: r.get("name"), Parent: r.get("parent")}
	if !divisionCode(v.Code) {
		b.fault(r.wrong("code", "want 12 digits"))
		return
	}
	if _, twice := b.d.divisions[v.Code]; twice {
		b.fault(r.wrong("code", "stands twice"))
	}
	if v.Name == "" {
		b.fault(r.wrong("name", "is empty"))
	}
	b.d.divisions[v.Code] = v
	b.d.Divisions = append(b.d.Divisions, v)
}

func (b *builder) unit(r row) {
	u := Unit{
		Code: r.get("unit_code"), Name: r.get("name"), ShortName: r.get("short_name"), Kind: UnitKind(r.get("kind")),
		Parent: r.get("parent_code"), DivisionCode: r.get("division_code"), PIIScope: PIIScope(r.get("pii_scope")),
	}
	b.checkUnit(r, u)
	if b.pastAt(r, "valid_to") {
		b.expired[u.Code] = true
	}
	b.d.units[u.Code] = u
	b.d.Units = append(b.d.Units, u)
}

func (b *builder) checkUnit(r row, u Unit) {
	if !unitCode(u.Code) {
		b.fault(r.wrong("unit_code", "want 1 to 32 letters, digits, - or _"))
	}
	if _, twice := b.d.units[u.Code]; twice {
		b.fault(r.wrong("unit_code", "stands twice"))
	}
	if u.Name == "" {
		b.fault(r.wrong("name", "is empty"))
	}
	if !slices.Contains(unitKinds(), u.Kind) {
		b.fault(r.wrong("kind", "%.40q is not known", u.Kind))
	}
	if u.PIIScope != "" && !slices.Contains(scopes(), u.PIIScope) {
		b.fault(r.wrong("pii_scope", "%.40q is none of full, masked, none", u.PIIScope))
	}
	b.checkPlace(r, u)
}

// checkPlace gives districts and subdistricts their place, one each.
func (b *builder) checkPlace(r row, u Unit) {
	if _, ok := b.d.divisions[u.DivisionCode]; !ok && u.DivisionCode != "" {
		b.fault(r.wrong("division_code", "%.20q is not in divisions.csv", u.DivisionCode))
	}
	var want string
	switch u.Kind {
	case DistrictUnit:
		want = district(u.DivisionCode)
	case SubdistrictUnit:
		want = subdistrict(u.DivisionCode)
	case CityCenter, Department, SOE:
		return
	default:
		return
	}
	if u.DivisionCode == "" || u.DivisionCode != want {
		b.fault(r.wrong("division_code", "is not that of a %s", u.Kind))
		return
	}
	if other, taken := b.d.places[want]; taken {
		b.fault(r.wrong("division_code", "%s answers for it already", other.Code))
	}
	b.d.places[want] = u
}

func (b *builder) item(r row) {
	i := Item{
		Code: r.get("item_code"), Path: [3]string{r.get("l1"), r.get("l2"), r.get("l3")},
		Category: Category(r.get("category")), DeadlineClass: DeadlineClass(r.get("deadline_class")),
		Keywords: list(r.get("keywords")), Lead: b.lead(r),
	}
	b.checkItem(r, i)
	_ = b.pastAt(r, "valid_to")
	b.d.items[i.Code] = i
	b.d.Items = append(b.d.Items, i)
}

func (b *builder) checkItem(r row, i Item) {
	if !itemCode(i.Code) {
		b.fault(r.wrong("item_code", "want LL.MM.NNN"))
	}
	if _, twice := b.d.items[i.Code]; twice {
		b.fault(r.wrong("item_code", "stands twice"))
	}
	for n, name := range i.Path {
		if strings.TrimSpace(name) == "" {
			b.fault(r.wrong(fmt.Sprintf("l%d", n+1), "is empty"))
		}
	}
	if !slices.Contains(categories(), i.Category) {
		b.fault(r.wrong("category", "%.40q is not known", i.Category))
	}
	if !slices.Contains(classes(), i.DeadlineClass) {
		b.fault(r.wrong("deadline_class", "%.40q is none of H2, H24, D7, D15", i.DeadlineClass))
	}
}

// lead reads the ordered alternatives of the lead unit.
func (b *builder) lead(r row) []Rule {
	var rules []Rule
	for text := range strings.SplitSeq(r.get("lead"), "|") {
		rule := Rule(strings.TrimSpace(text))
		if err := b.checkRule(rule); err != nil {
			b.fault(r.wrong("lead", "%v", err))
			continue
		}
		rules = append(rules, rule)
	}
	return rules
}

func (b *builder) checkRule(rule Rule) error {
	code, fixed := rule.fixedUnit()
	switch {
	case rule == BySubdistrict, rule == ByDistrict, rule == Manual:
		return nil
	case !fixed:
		return fmt.Errorf("rule %.40q is not known", string(rule))
	case b.expired[code]:
		return fmt.Errorf("unit %.32q has expired", code)
	}
	if _, ok := b.d.units[code]; !ok {
		return fmt.Errorf("unit %.32q is not in units.csv", code)
	}
	return nil
}

// parents checks both trees: parents known, no circle, a subdistrict under a district.
func (b *builder) parents(divisions, units sheet) {
	for _, r := range divisions.rows {
		if problem := b.climb(r.get("code"), b.divisionParent); problem != "" {
			b.fault(r.wrong("parent", "%s", problem))
		}
	}
	for _, r := range units.rows {
		if problem := b.climb(r.get("unit_code"), b.unitParent); problem != "" {
			b.fault(r.wrong("parent_code", "%s", problem))
		}
		u := b.d.units[r.get("unit_code")]
		if u.Kind == SubdistrictUnit && b.d.units[u.Parent].Kind != DistrictUnit {
			b.fault(r.wrong("parent_code", "a subdistrict stands under a district"))
		}
	}
}

func (b *builder) divisionParent(code string) (string, bool) {
	v, ok := b.d.divisions[code]
	return v.Parent, ok
}

func (b *builder) unitParent(code string) (string, bool) {
	u, ok := b.d.units[code]
	return u.Parent, ok
}

// climb follows parents from code to the root and says what is wrong on the way.
func (b *builder) climb(code string, parent func(string) (string, bool)) string {
	at := code
	for range len(b.d.divisions) + len(b.d.units) + 1 {
		up, ok := parent(at)
		if !ok {
			return fmt.Sprintf("%.32q is not known", at)
		}
		if up == "" {
			return ""
		}
		at = up
	}
	return "runs in a circle"
}

// backstops proves that every place below a district has the district behind
// it: with that, every item resolves everywhere (区级兜底).
func (b *builder) backstops(divisions sheet) {
	for _, r := range divisions.rows {
		code := r.get("code")
		if !divisionCode(code) || district(code) == cityOf(code) {
			continue // the city itself: manual
		}
		if b.d.places[district(code)].Kind != DistrictUnit {
			b.fault(r.wrong("code", "no district unit answers for it"))
		}
	}
}

// counts compares with the manifest: every count it names must be right.
func (b *builder) counts(m manifest) {
	have := map[string]int{"items": len(b.d.Items), "divisions": len(b.d.Divisions)}
	for _, kind := range unitKinds() {
		have[string(kind)] = 0
	}
	for _, u := range b.d.Units {
		have[string(u.Kind)]++
	}
	for what, want := range m.Counts {
		if got, known := have[what]; !known || got != want {
			b.fault(&LoadError{File: "manifest.json", Problem: fmt.Sprintf("counts.%.40s: says %d, the files have %d", what, want, got)})
		}
	}
}

// pastAt says that the date in column lies before the directory takes effect.
func (b *builder) pastAt(r row, column string) bool {
	text := r.get(column)
	if text == "" {
		return false
	}
	day, err := time.ParseInLocation(time.DateOnly, text, Zone())
	if err != nil {
		b.fault(r.wrong(column, "want YYYY-MM-DD"))
		return false
	}
	return day.AddDate(0, 0, 1).Before(b.d.EffectiveAt)
}

func list(text string) []string {
	all := []string{}
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

func divisionCode(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

func itemCode(s string) bool { return regexp.MustCompile(`^\d{2}\.\d{2}\.\d{3}$`).MatchString(s) }

func unitCode(s string) bool { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`).MatchString(s) }

// The parts of a division's code: 4 digits city, 2 district, 3 subdistrict, 3 community.
func cityOf(code string) string      { return upTo(code, 4) }
func district(code string) string    { return upTo(code, 6) }
func subdistrict(code string) string { return upTo(code, 9) }

func upTo(code string, digits int) string {
	if len(code) != 12 {
		return ""
	}
	return code[:digits] + strings.Repeat("0", 12-digits)
}
