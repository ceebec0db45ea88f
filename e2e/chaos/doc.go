// Command chaos proves the queue by breaking what it stands on: several nodes
// share one Redis while nodes are killed and cut off, Redis is killed, agents
// refuse and citizens leave. What truly happens (who speaks with whom) is kept
// here, outside Redis, and every breach is told: two agents for one citizen, an
// agent in two talks, a ring after the citizen has left, somebody who is never
// served, an order that the score does not explain.
//
// The sessions, the scripts and the queue's client are the house's own; calls
// and desks are played. With a protection switched off (-without) the same run
// must fail: else it would prove nothing.
package main
