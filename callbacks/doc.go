// Package callbacks keeps the promises to call citizens back: who asked for it
// in the queue, whose call was abandoned there, whose node has died. A promise
// keeps the citizen's true place; it is a contact of class voice like any
// other once its hour has come, and the citizen is dialled only when an agent
// has taken it. Each citizen has one open promise at most.
package callbacks
