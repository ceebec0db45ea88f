// Package membus is the bus of tests: several nodes in one process, without a
// store.
package membus
