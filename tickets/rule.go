package tickets

// Rule is one way to find the lead unit of an item: place:subdistrict,
// place:district, unit:CODE or manual.
type Rule string

// The rules that need no code.
const (
	BySubdistrict Rule = "place:subdistrict"
	ByDistrict    Rule = "place:district"
	Manual        Rule = "manual"
)
