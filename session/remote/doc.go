// Package remote lets a session and its agent's desk be on different nodes.
// Exchange stands on both sides: for the sessions it is their Seats, wherever
// the desk is; for the desks its Hall takes commands, wherever the contact is
// anchored. Both ends ask each other every two seconds whether they still hold
// what they share, so that neither outlives a lost message or a dead node.
package remote
