// Package headless is an agent without a browser: it signs in by REST, opens
// the desk's socket and a real WebRTC connection, answers, plays, listens,
// writes to citizens and writes tickets. `hotline agent`, the demo and load tests run it. It shares no
// code with the desk: its Client is the protocol's second implementation
// (docs/desk-protocol.md).
package headless
