package records

// The keys of Event.Facts. The list is closed: an event's facts tell what was
// considered and why, in names of the policy, accounts and figures; never of
// the citizen. Durations are whole milliseconds, lists are joined by commas.
const (
	FactLine    = "line"    // Queued, Rerouted: the service line
	FactQueue   = "queue"   // Queued, Rerouted: the policy's queue
	FactBuckets = "buckets" // Queued, Rerouted: where the contact waits from the start
	FactSteps   = "steps"   // Queued, Rerouted: where it waits later, as 15000:general,en;60000:general!2
	FactBand    = "band"    // Queued: strict rank, 0 first
	FactCredit  = "credit"  // Queued, Rerouted: head start in its band
	FactTrail   = "trail"   // Queued, Rerouted: the rules of the policy that applied, in order
	FactAdded   = "added"   // Widened: where the contact waits too
	FactBy      = "by"      // Offered: routing.Meeting
	FactVia     = "via"     // Offered: the bucket where they met
	FactWaited  = "waited"  // Offered: how long the contact had waited
	FactScore   = "score"   // Offered: its place in the order
	FactTier    = "tier"    // Offered: of the seat in that bucket, 0 first
	FactLoad    = "load"    // Offered: contacts of the class that the seat had already
	FactIdle    = "idle"    // Offered: how long the seat had had nothing to do
	FactOthers  = "others"  // Offered: further seats free, or contacts left waiting
	FactNext    = "next"    // Offered: who would have been next
	FactWhy     = "why"     // OfferEnded, Requeued: the reason
)
