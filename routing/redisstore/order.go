package redisstore

import (
	"fmt"
	"strconv"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// fields are one entry of a node's inbox.
type fields map[string]any

func (f fields) text(name string) string { v, _ := f[name].(string); return v }

// int reads a decimal; a field that is not there is 0.
func (f fields) int(name string) (int64, error) {
	text := f.text(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}

// parseOrder reads what order_to of lib.lua wrote.
func parseOrder(values fields) (routing.Command, error) {
	id, err := contact.ParseID(values.text("contact"))
	if err != nil {
		return routing.Command{}, err
	}
	token, err := strconv.ParseUint(values.text("token"), 10, 64)
	if err != nil {
		return routing.Command{}, fmt.Errorf("token: %w", err)
	}
	expires, err := strconv.ParseInt(values.text("expires"), 10, 64)
	if err != nil {
		return routing.Command{}, fmt.Errorf("expires: %w", err)
	}
	cmd := routing.Command{
		Kind: routing.CommandKind(values.text("kind")), Contact: id, Agent: contact.AgentID(values.text("agent")),
		Token: routing.Token(token), Expires: time.UnixMilli(expires).UTC(),
	}
	switch cmd.Kind {
	case routing.Offer:
		cmd.Seat = routing.NodeID(values.text("seat"))
		cmd.Why, err = parseReason(values)
	case routing.Widen:
		cmd.Added = splitBuckets(values.text("added"))
	case routing.Adopt:
		cmd.Seat = routing.NodeID(values.text("seat"))
	case routing.Revoke, routing.Orphan:
	default:
		err = fmt.Errorf("kind %q is not known", cmd.Kind)
	}
	return cmd, err
}

// parseReason reads what reserve of match.lua wrote; an offer of version 1
// tells no reason.
func parseReason(values fields) (routing.Reason, error) {
	numbers := map[string]int64{}
	for _, name := range []string{"waited", "score", "tier", "load", "idle", "others"} {
		n, err := values.int(name)
		if err != nil {
			return routing.Reason{}, err
		}
		numbers[name] = n
	}
	return routing.Reason{
		By: routing.Meeting(values.text("by")), Via: routing.Bucket(values.text("via")), Score: numbers["score"],
		Waited: time.Duration(numbers["waited"]) * time.Millisecond, Idle: time.Duration(numbers["idle"]) * time.Millisecond,
		Tier: int(numbers["tier"]), Load: int(numbers["load"]), Others: int(numbers["others"]), Next: values.text("next"),
	}, nil
}
