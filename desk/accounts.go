package desk

import (
	"context"
	"net/http"
	"net/netip"

	"hotline/audit"
	"hotline/contact"
	"hotline/people"
)

// People keeps accounts and sign-ins; *people.Staff is one. Errors are those of
// package people; any other says that something is away.
type People interface {
	SignIn(ctx context.Context, account contact.AgentID, password string, remote netip.Addr) (people.Session, error)
	// Authenticate tells whose token it is, with the role of now.
	Authenticate(ctx context.Context, token string) (people.Account, error)
	SignOut(ctx context.Context, token string, remote netip.Addr) error
}

// Audit keeps who looked at what, for ever; *audit.Log is one. An error refuses
// the look.
type Audit interface {
	Append(ctx context.Context, e audit.Entry) error
}

// look puts what the caller is about to see into the audit.
func (d *Desk) look(x *exchange, what audit.Action, kind, id, reason string) error {
	err := d.o.Audit.Append(x.r.Context(), audit.Entry{
		Who: string(x.who.ID), Role: string(x.who.Role), Action: what,
		Kind: kind, ID: id, Reason: reason, IP: address(x.r),
	})
	if err != nil {
		return unavailable("audit", err)
	}
	return nil
}

// oversee audits what supervisors and administrators see beyond their own
// contacts; what an agent was offered needs no entry.
func (d *Desk) oversee(x *exchange, what audit.Action, kind, id string) error {
	if x.who.Role == people.Agent {
		return nil
	}
	return d.look(x, what, kind, id, "")
}

// address is the peer's; invalid when it has none.
func address(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}
