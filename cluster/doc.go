// Package cluster is how the nodes of one house speak with each other: a bus
// for short messages, and named leases for work that one node at a time does.
// Media never passes here. redisbus is the bus of production, membus the one
// of tests; clustertest holds both to this contract.
package cluster
