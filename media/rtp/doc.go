// Package rtp is the trunk's side of audio: one connected UDP socket a call on
// an even port of the configured range, read by one goroutine, without an
// allocation a packet. Where a call's audio goes comes from its session
// description and is never learned; the kernel drops what others send.
package rtp
