package routing

// Standing is what a waiting contact may be told.
type Standing struct {
	Place    int // how many are before it
	Known    bool
	Estimate Estimate // of the remaining wait; valid when Known
}

// Told keeps what one contact was told. The zero value is one that was told
// nothing. It belongs to the goroutine that serves the contact.
type Told struct {
	any  bool
	last Standing
	best Estimate // the lowest that was told; zero for none
}

// Next is what the contact may be told now: a place that never grows, and an
// estimate that never rises. ok is false when the estimate would: then it is
// told nothing. An Outlook without an estimate gives a Standing that is not
// Known.
func (t *Told) Next(o Outlook) (s Standing, ok bool) {
	s.Place = max(o.Place, 0)
	if t.any {
		s.Place = min(s.Place, t.last.Place)
	}
	s.Estimate, s.Known = o.Estimate()
	if !s.Known {
		s.Estimate = Estimate{}
	}
	if s.Known && t.best.High > 0 && (s.Estimate.High > t.best.High || s.Estimate.Low > t.best.Low) {
		return Standing{}, false
	}
	return s, true
}

// Say notes that the contact has been told s, and says whether that is news.
func (t *Told) Say(s Standing) (news bool) {
	news = !t.any || s != t.last
	t.any, t.last = true, s
	if s.Known {
		t.best = s.Estimate
	}
	return news
}
