// Package gatewaytest holds telephones for tests: a leg that rings as if from a
// trunk and seats with audio, both without a network; a foreign SIP phone; and
// a real browser with a microphone.
package gatewaytest
