// Package rtp is the trunk's side of audio: two connected UDP sockets a call,
// audio on an even port of the configured range and its reports (RTCP) on the
// odd one above. Sockets are read by event loops that are handed in: no
// goroutine, no timer and no allocation a packet stream. One clock serves all
// calls: silence, reports, quarantine.
//
// Where a call's audio goes comes from its session description and is never
// learned; the kernel drops what others send.
package rtp
