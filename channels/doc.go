// Package channels holds what all text platforms share: how a conversation
// arrives, what is said to a citizen, and what can go wrong. Each platform is a
// room below it; sessions and node join them with the queue.
package channels
