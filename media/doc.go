// Package media is the ground floor of audio: packets, the two laws of G.711,
// telephone-events, the outgoing stream with its unbroken numbering. It opens
// no socket and starts no goroutine.
package media
