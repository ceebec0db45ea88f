package sip

import "hotline/contact"

// retryAfter is what we ask of a carrier when we are full, in seconds.
const retryAfter = "5"

// refusal is a final status with what must go with it.
type refusal struct {
	status  int
	reason  string
	headers [][2]string
}

func refused(status int, reason string, headers ...[2]string) *refusal {
	return &refusal{status: status, reason: reason, headers: headers}
}

// busy is the 503 of overload and drain. RFC 3261 §21.5.4: Retry-After tells
// the carrier when to come back; without it the trunk might be dropped.
func busy() *refusal {
	return refused(503, "Service Unavailable", [2]string{"Retry-After", retryAfter})
}

// statusOf is the final status that belongs to a cause. The 600 class says
// "nowhere" and is kept for callers we never want; 486 would say that the
// called party is busy.
func statusOf(why contact.Cause) *refusal {
	switch why {
	case contact.RefusedUnknown:
		return refused(404, "Not Found")
	case contact.RefusedClosed:
		return refused(480, "Temporarily Unavailable")
	case contact.RefusedFull, contact.RefusedOverload:
		return busy()
	case contact.RefusedNuisance:
		return refused(603, "Decline")
	case contact.AbandonedGreeting, contact.AbandonedQueue, contact.AbandonedRinging,
		contact.CitizenEnded, contact.AgentEnded, contact.Transferred, contact.CallbackTaken,
		contact.Unreached, contact.Recalled:
		return refused(480, "Temporarily Unavailable")
	case contact.NodeLost:
		return busy()
	case contact.Internal, contact.MediaLost:
	}
	return refused(500, "Server Internal Error")
}

// q850 is the release cause for our BYE (RFC 3326, ITU-T Q.850).
func q850(why contact.Cause) string {
	switch why {
	case contact.Internal, contact.NodeLost:
		return `Q.850;cause=41;text="Temporary failure"`
	case contact.MediaLost:
		return `Q.850;cause=27;text="Destination out of order"`
	case contact.RefusedUnknown:
		return `Q.850;cause=1;text="Unallocated number"`
	case contact.RefusedFull, contact.RefusedOverload:
		return `Q.850;cause=42;text="Switching equipment congestion"`
	case contact.RefusedNuisance:
		return `Q.850;cause=21;text="Call rejected"`
	case contact.RefusedClosed,
		contact.AbandonedGreeting, contact.AbandonedQueue, contact.AbandonedRinging,
		contact.CitizenEnded, contact.AgentEnded, contact.Transferred, contact.CallbackTaken,
		contact.Unreached, contact.Recalled:
	}
	return `Q.850;cause=16;text="Normal call clearing"`
}
