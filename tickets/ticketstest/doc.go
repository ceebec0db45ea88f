// Package ticketstest is the test kit of tickets: a clock that passes hours in
// a moment, drafts in memory, a ready service, and the suite every store of
// drafts must pass.
package ticketstest
