package tickets

// PIIScope says what of the requester a unit may see.
type PIIScope string

// The scopes.
const (
	ScopeFull   PIIScope = "full"
	ScopeMasked PIIScope = "masked"
	ScopeNone   PIIScope = "none"
)
