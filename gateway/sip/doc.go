// Package sip is the trunk: it answers and places calls over UDP and TCP
// (RFC 3261) and carries their G.711 audio on the streams of media/rtp.
//
// sipgo is parser, transport and transactions. The dialog layer is ours: a
// state table (States), pure functions for offer and answer, and one goroutine
// a call, which alone touches the call's state.
//
// A border stands before the parser: who may speak, and how much, is decided
// from the source address; strangers get silence.
package sip
