package tickets

// The values each field may take.

func categories() []Category { return []Category{Consultation, Complaint, Suggestion, Emergency} }

func natures() []Nature {
	return []Nature{NatureConsult, NatureHelp, NatureComplaint, NatureReport, NatureSuggestion, NaturePraise}
}

func urgencies() []Urgency { return []Urgency{Normal, Urgent, Critical} }

func dispositions() []Disposition { return []Disposition{Answered, Dispatched} }

// classes stand from the shortest to the longest.
func classes() []DeadlineClass { return []DeadlineClass{H2, H24, D7, D15} }

func unitKinds() []UnitKind {
	return []UnitKind{CityCenter, DistrictUnit, SubdistrictUnit, Department, SOE}
}

func scopes() []PIIScope { return []PIIScope{ScopeFull, ScopeMasked, ScopeNone} }
