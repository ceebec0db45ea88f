package load

import (
	"math"
	"slices"
	"time"

	"hotline/desk/headless"
)

// Times is a distribution in milliseconds.
type Times struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func timesOf(all []time.Duration) Times {
	t := Times{N: len(all)}
	if t.N == 0 {
		return t
	}
	slices.Sort(all)
	t.P50, t.P95, t.P99 = rank(all, 0.50), rank(all, 0.95), rank(all, 0.99)
	t.Max = ms(all[t.N-1])
	return t
}

// rank is the nearest-rank percentile of sorted values.
func rank(sorted []time.Duration, q float64) float64 {
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return ms(sorted[max(i, 0)])
}

func ms(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Millisecond)*100) / 100
}

// Report is what became of a run.
type Report struct {
	Began       time.Time `json:"began"`
	Seconds     float64   `json:"seconds"` // until the last call had ended
	Interrupted bool      `json:"interrupted"`
	Seed        uint64    `json:"seed"`
	Agents      int       `json:"agents"`

	Offered  int            `json:"offered"`  // INVITEs sent
	Answered int            `json:"answered"` // 200 received
	Served   int            `json:"served"`   // an agent was heard
	Citizens map[string]int `json:"citizens"` // fates, as the citizens saw them
	Statuses map[int]int    `json:"statuses"` // final answers that are no 200
	Records  map[string]int `json:"records"`  // causes, as the node's records have them

	SetupMS Times `json:"setup_ms"` // INVITE to 200
	WaitMS  Times `json:"wait_ms"`  // 200 to the agent's first packet
	// From the accept that an agent sent to the first packet of the other party,
	// at the two ears.
	CitizenHearsMS Times `json:"accept_to_citizen_ms"`
	AgentHearsMS   Times `json:"accept_to_agent_ms"`

	CitizensAudio Audio `json:"citizens_audio"` // heard by citizens
	AgentsAudio   Audio `json:"agents_audio"`   // heard by agents in talks

	Ledger Ledger `json:"ledger"`
	Node   *Node  `json:"node,omitempty"`
	Errors int    `json:"errors"` // of the load itself; the first of them follows
	Error  string `json:"error,omitempty"`
}

// Audio counts packets that arrived and those that should have.
type Audio struct {
	Packets uint64 `json:"packets"`
	Lost    uint64 `json:"lost"`
}

// Node is what the node's process used, and what it says of itself.
type Node struct {
	CPUSeconds float64        `json:"cpu_seconds,omitempty"`     // with its private Redis
	RSS        int64          `json:"rss_bytes,omitempty"`       // at the end of the arrivals
	RSSBefore  int64          `json:"rss_before_bytes,omitzero"` // before the first call
	Contacts   map[string]int `json:"contacts,omitempty"`        // ends by cause, from its metrics
	Goroutines int            `json:"goroutines,omitempty"`
	// Upper bounds of histograms of the node: accept received → both joined, and
	// joined → first packet of the other party sent.
	JoinP99    float64 `json:"accept_to_joined_p99_ms,omitempty"`
	CitizenP99 float64 `json:"joined_to_citizen_p99_ms,omitempty"`
	AgentP99   float64 `json:"joined_to_agent_p99_ms,omitempty"`
}

// tally fills in what the citizens saw.
func (r *Report) tally(all []*citizen) {
	r.Offered, r.Citizens, r.Statuses = len(all), map[string]int{}, map[int]int{}
	var setup, wait []time.Duration
	for _, c := range all {
		r.Citizens[string(c.fate)]++
		if c.err != nil {
			r.fault(c.err)
		}
		if s := c.report.Status; s >= 300 {
			r.Statuses[s]++
		}
		if c.report.Answered.IsZero() {
			continue
		}
		r.Answered++
		setup = append(setup, c.report.Answered.Sub(c.report.Placed))
		r.CitizensAudio.Packets += c.report.Stats.In
		r.CitizensAudio.Lost += c.report.Stats.Lost
		if at := c.ear.at(); !at.IsZero() {
			r.Served++
			wait = append(wait, at.Sub(c.report.Answered))
		}
	}
	r.SetupMS, r.WaitMS = timesOf(setup), timesOf(wait)
}

// match joins the agents' talks with the citizens', by the masked number.
func (r *Report) match(all []*citizen, talks []headless.Report) {
	by := make(map[string]*citizen, len(all))
	for _, c := range all {
		by[masked(c.number)] = c
	}
	var there, here []time.Duration
	for _, t := range talks {
		if t.HeardAfter > 0 {
			here = append(here, t.HeardAfter)
		}
		r.AgentsAudio.Packets += t.Packets
		r.AgentsAudio.Lost += t.Lost
		c := by[t.Caller]
		if c == nil || t.Accepted.IsZero() || c.ear.at().Before(t.Accepted) {
			continue
		}
		there = append(there, c.ear.at().Sub(t.Accepted))
	}
	r.CitizenHearsMS, r.AgentHearsMS = timesOf(there), timesOf(here)
}

func (r *Report) fault(err error) {
	if err == nil {
		return
	}
	if r.Errors++; r.Error == "" {
		r.Error = err.Error()
	}
}

func (n *Node) read(m metrics) {
	n.Contacts = m.labelled("hotline_session_contacts_total", "cause")
	n.JoinP99 = m.quantile("hotline_session_accept_seconds", "", 0.99)
	n.CitizenP99 = m.quantile("hotline_gateway_joined_to_audio_seconds", `to="citizen",`, 0.99)
	n.AgentP99 = m.quantile("hotline_gateway_joined_to_audio_seconds", `to="agent",`, 0.99)
}
