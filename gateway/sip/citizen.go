package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"hotline/contact"
)

// Citizen is a call to a citizen's number.
type Citizen struct {
	Trunk string // the configured trunk that carries it, one with outbound
	From  string // the number that the citizen sees
	To    contact.Address
}

// Call dials a citizen; it is Dial otherwise. The number goes out as it is
// dialled within the country, a foreign one with 00.
func (g *Gateway) Call(ctx context.Context, c Citizen) (*Outbound, error) {
	digits := national(c.To.Reveal())
	if digits == "" {
		return nil, errors.New("sip: call: not a number that can be dialled")
	}
	host, err := g.outboundHost(c.Trunk)
	if err != nil {
		return nil, fmt.Errorf("sip: call: %w", err)
	}
	return g.Dial(ctx, DialRequest{Trunk: c.Trunk, To: "sip:" + digits + "@" + host, From: c.From})
}

func (g *Gateway) outboundHost(name string) (string, error) {
	for _, t := range g.border.trunks {
		if t.name == name && t.outbound != "" {
			host, _, err := net.SplitHostPort(t.outbound)
			return host, err
		}
	}
	return "", fmt.Errorf("trunk %q is not configured, or only receives", name)
}

// national is the number as a Chinese carrier takes it: 13812345678,
// 01088886666, 10086, 0085221234567; empty when it is none.
func national(number string) string {
	digits, plus := dialled(number)
	rest, chinese := strings.CutPrefix(digits, "86")
	switch {
	case !plus:
		return digits
	case !chinese:
		return "00" + digits
	case len(rest) == 11 && rest[0] == '1' && rest[1] >= '3':
		return rest
	default:
		return "0" + rest
	}
}
