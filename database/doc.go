// Package database opens the house's one SQL database, SQLite or PostgreSQL,
// and runs each owner's migrations. It knows no table: the owners hold their
// queries, written once for both engines.
//
// What makes one text fit both:
//   - placeholders are $1, $2, … (both engines number them);
//   - times are BIGINT milliseconds since 1970 in UTC (Time), documents are
//     TEXT (JSON), bytes are BYTEA, truth is BOOLEAN;
//   - INSERT … ON CONFLICT, UPDATE … RETURNING and CTEs work on both; RETURNING
//     must run inside Tx, since reads outside it use read-only connections on
//     SQLite;
//   - IDs are made by the program, never by a sequence;
//   - a migration that must differ is two files, 00002_name.sqlite.sql and
//     00002_name.postgres.sql.
package database
