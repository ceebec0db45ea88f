// Package sqlstore keeps contact records and their events in SQLite or
// PostgreSQL, with one set of queries. The citizen's full address stands in a
// column of its own, and nowhere else.
package sqlstore
