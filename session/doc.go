// Package session serves contacts: one goroutine an open contact, from the
// greeting to the end of wrap-up. It orders the gateway, waits in the queue,
// rings the agent's desk through the Seats it declares, and files the record.
package session
