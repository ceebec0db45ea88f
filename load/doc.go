// Package load sends many citizens to a running node and lets many agents
// answer them: real SIP and RTP on one side, the real desk socket and WebRTC on
// the other. Its Report is the generator's own truth, held against the node's
// records: every call offered must have an end and a record.
//
// Arrivals are a Poisson process and repeat with their seed. What each citizen
// will do is drawn before the first one calls.
package load
