// Package e2e proves the house from outside: SIPp and baresip call, Chromium
// answers, a fake unit takes the ticket. Nothing in it is imported by anybody.
package e2e
