package webrtc

// SeatEventKind says what became of a seat's connection.
type SeatEventKind string

// The kinds of events of a seat.
const (
	Connected    SeatEventKind = "connected"    // audio flows
	Disconnected SeatEventKind = "disconnected" // nothing heard for 5 s, or the page was closed; it may come back
	Failed       SeatEventKind = "failed"       // given up; only a new offer helps
)

// SeatEvent is news of a seat's connection.
type SeatEvent struct {
	Kind       SeatEventKind
	Generation int // of the newest offer that the connection answered
}

// eventsBuffered is how much news waits; the oldest is dropped.
const eventsBuffered = 16

// emit never blocks. The seat's lock makes it the only sender.
func emit(to chan SeatEvent, e SeatEvent) {
	for {
		select {
		case to <- e:
			return
		default:
		}
		select {
		case <-to:
		default:
		}
	}
}
