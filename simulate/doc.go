// Package simulate runs a routing policy against arrivals, patience and
// handling times, by the queue's own specification, and tells what citizens
// and agents would have seen. Where queueing theory has a closed form, a run
// is held against it.
package simulate
