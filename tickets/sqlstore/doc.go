// Package sqlstore keeps tickets, their history, the keys of registrations and
// the outbox of each unit in SQLite or PostgreSQL, with one set of queries.
// Registering writes all of them in one transaction.
package sqlstore
