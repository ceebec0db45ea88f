// Package engine is a small number of event loops that call whoever has
// something to read: each is one goroutine on a thread of its own with one
// epoll set. A watched socket costs no goroutine, no timer and no allocation.
package engine
