// Package gateway is the house's telephone: a call is a citizen's leg, a
// bridge, and what is played to either side. It plays and reports; whether a
// call is answered, queued or ended is decided by the session above it.
//
// Legs come from gateway/sip (the trunk) and gateway/webrtc (the agents'
// browsers), which implement the interfaces declared here.
package gateway
