package node

import (
	"context"
	"time"

	"hotline/contact"
	"hotline/tickets"
	"hotline/tickets/redisdrafts"
	ticketsql "hotline/tickets/sqlstore"
	"hotline/tickets/webhook"
)

// openTickets wires the form, the outbox and its dispatcher.
func (n *Node) openTickets(ctx context.Context) error {
	directory, err := tickets.SampleDirectory()
	if err != nil {
		return err
	}
	n.units, err = webhook.New(webhook.Options{Config: n.cfg.Tickets, Now: n.now})
	if err != nil {
		return err
	}
	n.down.add("units", func(context.Context) error { n.units.Close(); return nil })
	if n.outbox, err = ticketsql.New(ctx, n.db); err != nil {
		return err
	}
	n.dispatcher, err = tickets.NewDispatcher(tickets.DispatcherOptions{
		Outbox: n.outbox, Sinks: n.units, Node: string(n.name), OnDelivery: n.delivered,
		Clock: n.clock, Log: n.log, Registerer: n.metrics,
	})
	if err != nil {
		return err
	}
	n.tickets, err = tickets.New(tickets.Options{
		Store: n.outbox, Drafts: redisdrafts.New(n.redis, n.cfg.Redis.Hall), Directory: directory, Units: n.units,
		Wake: n.dispatcher.Wake, RefKey: n.refKey, Now: n.now, Log: n.log, Registerer: n.metrics,
	})
	if err != nil {
		return err
	}
	n.running.Go(func() { _ = n.dispatcher.Run(n.life) }) // ends with n.life alone
	return nil
}

// delivered tells the desk of the ticket's author. The dispatcher must not wait.
func (n *Node) delivered(number string, id contact.ID, state tickets.DeliveryState) {
	n.running.Go(func() {
		ctx, cancel := context.WithTimeout(n.life, 5*time.Second)
		defer cancel()
		t, err := n.tickets.Ticket(ctx, number)
		if err != nil {
			n.log.Warn("desk not told of a delivery", "ticket", number, "error", err)
			return
		}
		n.desk.TicketChanged(t.Accepted, id, number, state)
	})
}
