package routing

import (
	"math"
	"time"
)

// Bounds of what is measured and of what may be said.
const (
	// freshest is how long a measured wait counts at least; where contacts are
	// served slower than that, three times their pace.
	freshest = 10 * time.Minute
	// patience is the mean time until a waiting citizen gives up: those who
	// leave make the wait of the others shorter.
	patience = 3 * time.Minute
	// apart is the factor above which the formula is not believed: the seats of
	// the bucket serve others too, and it promises too little.
	apart = 2
	// longest is what is announced at most; beyond, nobody believes a figure.
	longest = time.Hour
)

// Estimate is a range of the remaining wait, in whole minutes: 0 ≤ Low < High.
type Estimate struct{ Low, High int }

// Estimate is the remaining wait of a contact that stands so, as an honest
// range; false when nothing can be said: nobody is there to serve it, nobody
// was served yet or lately, or it is over an hour. It is made of the wait of
// who was served last, less what the contact has waited already (LES), blended
// with the formula of Erlang A for its place where both agree.
func (o Outlook) Estimate() (Estimate, bool) {
	if o.Staffed <= 0 || o.LastWait <= 0 && o.LastAge <= 0 || o.stale() {
		return Estimate{}, false
	}
	measured := max(o.LastWait, o.Oldest) - o.Waited
	byPlace := o.byPlace()
	low, high := spread(max(measured, o.pace()), byPlace)
	e := Estimate{Low: int(low / time.Minute), High: int(math.Ceil(high.Minutes()))}
	if e.High <= e.Low {
		e.High = e.Low + 1
	}
	return e, high <= longest
}

// stale says that the wait of who was served last is old news.
func (o Outlook) stale() bool { return o.LastAge > max(freshest, 3*o.pace()) }

// pace is the mean time from one start of service to the next, with all seats
// of the bucket busy with it; 0 when it was not measured.
func (o Outlook) pace() time.Duration {
	if o.Staffed <= 0 {
		return 0
	}
	return o.Handling / time.Duration(o.Staffed)
}

// byPlace is Whitt's sum for Erlang A: Σ 1/(nμ + iθ), i from 0 to the place.
func (o Outlook) byPlace() time.Duration {
	if o.Handling <= 0 {
		return 0
	}
	rate := float64(o.Staffed) / o.Handling.Seconds()
	leaving := 1 / patience.Seconds()
	// The sum is the logarithm's within half a term; places run to 50,000.
	var sum float64
	for i := range min(o.Place, 200) + 1 {
		sum += 1 / (rate + float64(i)*leaving)
	}
	if o.Place > 200 {
		sum += math.Log((rate+float64(o.Place)*leaving)/(rate+200*leaving)) / leaving
	}
	return time.Duration(sum * float64(time.Second))
}

// spread makes a range of two estimates. A formula that promises much less than
// what was measured is left out; one that promises more sees a surge coming.
func spread(measured, byPlace time.Duration) (low, high time.Duration) {
	if byPlace <= 0 || measured > apart*byPlace {
		return part(measured, 65), part(measured, 140)
	}
	return part(min(measured, byPlace), 70), part(max(measured, byPlace), 135)
}

func part(d time.Duration, percent int64) time.Duration { return d / 100 * time.Duration(percent) }
