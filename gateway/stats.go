package gateway

import "hotline/media"

// Stats counts what both sides of a call sent and received.
type Stats struct {
	Citizen media.Stats
	Agent   media.Stats // of the seat connected last; zero before the first
}
