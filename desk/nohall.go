package desk

import (
	"context"

	"hotline/contact"
	"hotline/routing"
)

// noHall refuses every command: the node is not wired yet.
type noHall struct{}

func refuse() error {
	return &Problem{Code: Unavailable, Message: "系统启动中 / starting", Cause: errNoHall}
}

func (noHall) Accept(context.Context, contact.ID, contact.AgentID, routing.Token) error {
	return refuse()
}

func (noHall) Decline(context.Context, contact.ID, contact.AgentID, routing.Token) error {
	return refuse()
}
func (noHall) Hold(context.Context, contact.ID, contact.AgentID) error         { return refuse() }
func (noHall) Resume(context.Context, contact.ID, contact.AgentID) error       { return refuse() }
func (noHall) Mute(context.Context, contact.ID, contact.AgentID, bool) error   { return refuse() }
func (noHall) Hangup(context.Context, contact.ID, contact.AgentID) error       { return refuse() }
func (noHall) SeatLost(context.Context, contact.ID, contact.AgentID) error     { return refuse() }
func (noHall) ExtendWrapUp(context.Context, contact.ID, contact.AgentID) error { return refuse() }
func (noHall) FinishWrapUp(context.Context, contact.ID, contact.AgentID) error { return refuse() }
func (noHall) Park(context.Context, contact.ID, contact.AgentID) error         { return refuse() }
func (noHall) Unpark(context.Context, contact.ID, contact.AgentID) error       { return refuse() }
func (noHall) Typing(context.Context, contact.ID, contact.AgentID, bool) error { return refuse() }

func (noHall) Say(context.Context, contact.ID, contact.AgentID, string, string) (contact.Message, error) {
	return contact.Message{}, refuse()
}

func (noHall) Messages(context.Context, contact.ID, int64, int) ([]contact.Message, error) {
	return nil, refuse()
}
