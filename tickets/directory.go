package tickets

import "time"

// Directory is one version of the delegation directory (派单目录): what a
// citizen may ask for, who answers for it, and where. It never changes; its
// JSON is what a desk needs of it.
type Directory struct {
	Version     string     `json:"version"`
	Synthetic   bool       `json:"synthetic"` // invented, for demonstration
	EffectiveAt time.Time  `json:"effective_at"`
	Items       []Item     `json:"items"`
	Units       []Unit     `json:"units"`
	Divisions   []Division `json:"divisions"`

	items     map[string]Item
	units     map[string]Unit
	divisions map[string]Division
	places    map[string]Unit // the unit answering for a division
}

// Item is a leaf of the directory (事项), at the third level.
type Item struct {
	Code          string        `json:"code"` // LL.MM.NNN
	Path          [3]string     `json:"path"`
	Category      Category      `json:"category"`
	DeadlineClass DeadlineClass `json:"deadline_class"`
	Keywords      []string      `json:"keywords"`
	Lead          []Rule        `json:"-"` // ordered alternatives
}

// Unit is who answers for something (承办单位).
type Unit struct {
	Code         string   `json:"code"`
	Name         string   `json:"name"`
	ShortName    string   `json:"short_name,omitempty"`
	Kind         UnitKind `json:"kind"`
	Parent       string   `json:"parent,omitempty"`
	DivisionCode string   `json:"division_code,omitempty"`
	PIIScope     PIIScope `json:"-"` // what of the requester it may see; masked when not said
}

// Division is a place of the gazetteer (行政区划).
type Division struct {
	Code   string `json:"code"` // 12 digits
	Name   string `json:"name"`
	Parent string `json:"parent,omitempty"`
}

// UnitKind says what sort of unit it is.
type UnitKind string

// The kinds of units: 市中心, 区, 街道乡镇, 市属部门, 国企.
const (
	CityCenter      UnitKind = "city_center"
	DistrictUnit    UnitKind = "district"
	SubdistrictUnit UnitKind = "subdistrict"
	Department      UnitKind = "department"
	SOE             UnitKind = "soe"
)

// Item finds an item by its code.
func (d *Directory) Item(code string) (Item, bool) {
	i, ok := d.items[code]
	return i, ok
}

// Unit finds a unit by its code.
func (d *Directory) Unit(code string) (Unit, bool) {
	u, ok := d.units[code]
	return u, ok
}

// Division finds a place by its code.
func (d *Directory) Division(code string) (Division, bool) {
	v, ok := d.divisions[code]
	return v, ok
}

func (u Unit) named() UnitName { return UnitName{Code: u.Code, Name: u.Name} }
