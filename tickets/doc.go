// Package tickets turns what an agent wrote into a ticket and hands it to the
// responsible unit: draft, directory, deadline, number, registration with its
// outbox row in one transaction, and delivery with retry, back-off and a
// visible dead-letter list. Schema: citizen-ticket/1 (docs/ticket.md).
package tickets
