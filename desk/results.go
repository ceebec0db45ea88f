package desk

import "time"

// The memory of results: a repeat within it has no second effect.
const (
	resultAge    = 10 * time.Minute
	resultsLimit = 4096
)

// results remembers what became of each command by its ID.
type results struct {
	byID  map[string]*result
	order []*result // oldest first
}

// result is one command's outcome. Its frames go to every socket that asked.
type result struct {
	id     string
	at     time.Time
	done   bool
	frames [][]byte
	asking []*socket
}

func newResults() *results { return &results{byID: make(map[string]*result)} }

// begin notes that a socket asks; fresh is true for the first.
func (r *results) begin(now time.Time, id string, by *socket) (res *result, fresh bool) {
	r.forget(now)
	if res = r.byID[id]; res != nil {
		res.repeat(by)
		return res, false
	}
	res = &result{id: id, at: now, asking: []*socket{by}}
	r.byID[id] = res
	r.order = append(r.order, res)
	return res, true
}

func (r *results) forget(now time.Time) {
	drop := max(len(r.order)-resultsLimit, 0)
	for drop < len(r.order) && now.Sub(r.order[drop].at) > resultAge {
		drop++
	}
	for _, old := range r.order[:drop] {
		delete(r.byID, old.id)
	}
	r.order = r.order[drop:]
}

// repeat answers a repeated command, now or when the first is done.
func (r *result) repeat(by *socket) {
	if !r.done {
		r.asking = append(r.asking, by)
		return
	}
	by.send(r.frames...)
}

// finish settles the command once.
func (r *result) finish(frames ...[]byte) {
	if r.done {
		return
	}
	r.done, r.frames = true, frames
	for _, s := range r.asking {
		s.send(frames...)
	}
	r.asking = nil
}
