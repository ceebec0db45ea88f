// Package redisbus carries the nodes' messages through Redis: one stream a node
// and name, which that node alone reads, over one connection. A stream that
// nobody reads vanishes after cluster.Silence, and with it the node.
package redisbus
