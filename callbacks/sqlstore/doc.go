// Package sqlstore keeps call-back promises in SQL, on SQLite and PostgreSQL
// alike: it implements callbacks.Store.
package sqlstore
