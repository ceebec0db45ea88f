// Package databasetest gives a test a fresh database of each kind: a SQLite
// file, and a database in a private PostgreSQL that one test binary starts
// once, on a Unix socket in a temporary folder. The server stops, and its
// folder goes, when the binary ends in whatever way, a panic included.
package databasetest
