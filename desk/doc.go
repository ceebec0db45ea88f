// Package desk is where agents and supervisors work: the socket and the REST
// calls of docs/desk-protocol.md, and the seats that sessions ring.
//
// Each signed-in agent has one seat, a goroutine that owns the agent's state
// (States) and every socket of that agent. Commands come in from sockets, news
// from sessions, and all leave as one sequenced stream of events that a desk
// can take up again after it was cut off. The desk declares what it needs of
// the other rooms (house.go); the node joins them.
package desk
