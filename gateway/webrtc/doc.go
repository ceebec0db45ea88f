// Package webrtc is the agents' side of audio: one standing peer connection per
// desk, on pion. A Seat belongs to the agent and outlives the browser's peer
// connections, so that the citizen's bridge does not notice a page reload.
//
// The browser always offers; the server is ICE-lite and DTLS server, answers
// with all its candidates, and shares one UDP and one TCP port among all desks.
package webrtc
