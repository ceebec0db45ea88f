// Package webhook hands tickets to units over HTTP: a CloudEvent 1.0 in
// structured mode, signed by the Standard Webhooks scheme, answered with an
// acknowledgement (docs/ticket.md). What went wrong comes back as a
// *tickets.Refusal, which carries the policy and no personal data.
package webhook
