// Package callbackstest has a callbacks.Store in memory, for tests of those who
// use one, and the suite that holds every store to its contract.
package callbackstest
