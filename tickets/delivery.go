package tickets

// DeliveryState is how far a hand-off has come.
type DeliveryState string

// The states of a delivery.
const (
	Pending    DeliveryState = "pending"     // not tried yet
	Sent       DeliveryState = "sent"        // under way; the unit has not answered yet
	Delivered  DeliveryState = "delivered"   // the unit has it and said so
	Failed     DeliveryState = "failed"      // will be tried again
	DeadLetter DeliveryState = "dead_letter" // given up, waits for a person
)

// Failure names why an attempt came to nothing; a closed list without
// personal data.
type Failure string

// The failures.
const (
	NoEndpoint  Failure = "no_endpoint" // the unit has no address in the configuration
	TimedOut    Failure = "timeout"
	Unreachable Failure = "unreachable" // refused, reset, no such host, no valid certificate
	Busy        Failure = "busy"        // 408, 409, 425, 429
	Rejected    Failure = "rejected"    // any other 4xx: the same bytes will not do
	UnitFault   Failure = "unit_fault"  // 5xx, 3xx
	BadReply    Failure = "bad_reply"   // 2xx without an acknowledgement
	TooOld      Failure = "too_old"     // tried in vain for 72 h
	Interrupted Failure = "interrupted" // the node stopped meanwhile
	Faulty      Failure = "internal"    // ours
)

// Deliveries is the delivery's state table, for docs/states.md.
func Deliveries() []Arrow {
	line := func(from DeliveryState, event string, to DeliveryState, who string) Arrow {
		return Arrow{From: string(from), Event: event, To: string(to), Who: who}
	}
	return []Arrow{
		line(Pending, "claim", Sent, bySystem),
		line(Failed, "claim", Sent, bySystem),
		line(Sent, "claim", Sent, bySystem), // the node that claimed it is gone
		line(Sent, "acknowledged", Delivered, byUnit),
		line(Sent, "refused", Failed, byUnit),
		line(Sent, "rejected", DeadLetter, byUnit),
		line(Sent, "too_old", DeadLetter, bySystem),
		line(DeadLetter, "requeue", Pending, byCenter),
	}
}
