// Package fakeunit is a responsible unit with its own HTTP server, as
// docs/ticket.md asks for one: the demo city and `hotline fake unit` run it,
// tests break and repair it.
package fakeunit
