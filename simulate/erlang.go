package simulate

import "math"

// Station is the one pool that the closed forms describe: citizens arrive at
// random (Poisson), times of handling and of patience are exponential.
type Station struct {
	Rate     float64 // citizens a second
	Handling float64 // mean, s
	Patience float64 // mean, s; 0: nobody gives up
	Agents   int
}

// load is the offered work in erlangs.
func (s Station) load() float64 { return s.Rate * s.Handling }

// ErlangB is the share of citizens who find all agents busy where nobody waits:
// B(0) = 1, B(i) = A·B(i−1) / (i + A·B(i−1)).
func ErlangB(load float64, agents int) float64 {
	b := 1.0
	for i := 1; i <= agents; i++ {
		b = load * b / (float64(i) + load*b)
	}
	return b
}

// ErlangC is the share of citizens who wait where nobody gives up; 1 when the
// work is more than the agents can do.
func ErlangC(load float64, agents int) float64 {
	if load >= float64(agents) {
		return 1
	}
	b := ErlangB(load, agents)
	return b / (1 - load/float64(agents)*(1-b))
}

// Expected is what theory says of a station in its steady state.
type Expected struct {
	Waits   float64 // share of citizens who wait at all
	Wait    float64 // mean wait of all citizens, those who give up too, s
	Within  float64 // share served within the service level; NaN where there is no form for it
	Abandon float64 // share who give up
}

// WithoutAbandonment is Erlang C: ASA = C·h/(n−A), SL(t) = 1 − C·e^(−(n−A)·t/h).
func (s Station) WithoutAbandonment(level float64) Expected {
	spare := float64(s.Agents) - s.load()
	c := ErlangC(s.load(), s.Agents)
	return Expected{
		Waits: c, Wait: c * s.Handling / spare,
		Within: 1 - c*math.Exp(-spare*level/s.Handling),
	}
}

// WithAbandonment is Erlang A (Palm): a birth-death chain, up at the rate of
// arrival, down at min(k,n)/h + max(k−n,0)/patience. E[W] = E[Q]/rate and
// P(abandon) = E[Q]/(patience·rate).
func (s Station) WithAbandonment() Expected {
	states := s.chain()
	var waits, queue float64
	for k := s.Agents; k < len(states); k++ {
		waits += states[k]
		queue += float64(k-s.Agents) * states[k]
	}
	return Expected{
		Waits: waits, Wait: queue / s.Rate, Within: math.NaN(),
		Abandon: queue / s.Patience / s.Rate,
	}
}

// chain is the share of time with k citizens in the house, for each k that
// matters; scaled as it grows, so that it does not overflow.
func (s Station) chain() []float64 {
	p, sum := []float64{1}, 1.0
	for k := 1; k <= s.Agents || p[k-1] > 1e-15*sum; k++ {
		down := float64(min(k, s.Agents))/s.Handling + float64(max(k-s.Agents, 0))/s.Patience
		p = append(p, p[k-1]*s.Rate/down)
		sum += p[k]
		if sum > 1e200 {
			for i := range p {
				p[i] /= sum
			}
			sum = 1
		}
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// Cobham is the mean wait of each class where earlier classes always go first
// and nobody is interrupted: W(k) = C·h/n / ((1−σ(k−1))·(1−σ(k))), σ(k) the
// utilisation by the classes up to k. All classes have the station's handling;
// share is each class's part of the arrivals.
func (s Station) Cobham(share []float64) []float64 {
	c := ErlangC(s.load(), s.Agents)
	base := c * s.Handling / float64(s.Agents)
	waits, before := make([]float64, len(share)), 0.0
	for k, part := range share {
		upTo := before + part*s.load()/float64(s.Agents)
		waits[k] = base / ((1 - before) * (1 - upTo))
		before = upTo
	}
	return waits
}
