// Package routingtest is the suite that every store of the queue passes: the
// rules of routing as named cases.
package routingtest
