// Package memstore is the specification of the queue: the rules of routing in
// plain Go, by scanning everything, under an injected clock. Tests hold the
// Redis store to it step by step; it keeps nothing and serves one process.
package memstore
