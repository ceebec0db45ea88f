// Package memstore is the specification of the queue: the rules of routing in
// plain Go, under an injected clock. Tests hold the Redis store to it step by
// step, and the simulator runs policies on it; it keeps nothing and serves one
// process.
package memstore
