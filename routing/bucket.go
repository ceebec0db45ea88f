package routing

import (
	"fmt"
	"strconv"
	"strings"

	"hotline/contact"
)

// Bucket is one named group of seats that a contact can wait for. A seat stands
// in each bucket that it serves; the policy names them (see Book). The forms:
//
//	general          seats that serve the group
//	enterprise.2     the same by level, en+enterprise.2 by several skills: names as any
//	general!2        borrowed: the seats of general, while more than 2 of them are free
//	@1001            the one seat of that agent
//
// A seat serves its own @ bucket without being told. A borrowed bucket is named
// in Entry and Step and in Agent.Buckets (a seat that serves general!2 too must
// serve general).
//
// A contact that comes and finds seats free takes its own one, if it waits for
// such, and else the first in order of (tier, load, idle time, agent) among the
// free seats of all its buckets; in a borrowed bucket these are the seats that
// serve both it and the lender, with their tier in it, while more seats of the
// lender are free than must stay. A seat that becomes free takes the first contact
// in order of what it serves itself, its own bucket included; only when there is
// none, the first of those that borrow, whatever their score, on the same condition:
// it counts as free itself. A policy that lends a bucket tells all of its seats.
type Bucket string

// SeatBucket is the bucket of one agent's seat alone.
func SeatBucket(a contact.AgentID) Bucket { return Bucket("@" + a) }

// Borrowed is the bucket of b's seats while more than reserve of them are free,
// reserve from 0.
func Borrowed(b Bucket, reserve int) Bucket { return Bucket(fmt.Sprintf("%s!%d", b, reserve)) }

// Seat returns the agent of a SeatBucket.
func (b Bucket) Seat() (contact.AgentID, bool) {
	id, ok := strings.CutPrefix(string(b), "@")
	return contact.AgentID(id), ok
}

// Lender returns what a Borrowed bucket borrows from, and how many seats must
// stay free there.
func (b Bucket) Lender() (from Bucket, reserve int, ok bool) {
	name, n, ok := strings.Cut(string(b), "!")
	if !ok {
		return "", 0, false
	}
	reserve, err := strconv.Atoi(n)
	return Bucket(name), reserve, err == nil
}

// Validate says whether the bucket has one of the forms.
func (b Bucket) Validate() error {
	if agent, ok := b.Seat(); ok {
		if !isAgent(agent) {
			return bad("bucket", b)
		}
		return nil
	}
	name := string(b)
	if from, reserve, ok := b.Lender(); ok {
		if Borrowed(from, reserve) != b || reserve < 0 || reserve > largestReserve {
			return bad("bucket", b)
		}
		name = string(from)
	}
	if !made(name, 1, 64, lower+digits+"_-.+") {
		return bad("bucket", b)
	}
	return nil
}
