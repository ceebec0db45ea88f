package sqlstore

// The queries whose plans a test looks at.
const (
	CountContacts = countContacts
	ListWaiting   = `SELECT ` + columns + ` FROM contact_records ` + waiting
)
