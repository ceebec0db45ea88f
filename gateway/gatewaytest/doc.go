// Package gatewaytest holds small real telephones for tests: a leg that rings
// as if from a trunk, and seats with audio, without a network.
package gatewaytest
