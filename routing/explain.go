package routing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline/contact"
)

// Explain tells in words where a contact would wait, for how long, and, when a
// seat is given, from when on that seat would be asked. It ends in a newline.
func (b *edition) Explain(a Ask, seat *SeatAsk) string {
	var w strings.Builder
	p := b.Plan(a)
	fmt.Fprintf(&w, "%s on line %s, %s\n", what(a.Class), a.Line.Name, a.Now.Format("Monday 2006-01-02 15:04 -07:00"))
	for _, word := range p.Trail {
		told := p.inWords(word)
		if p.Closed != "" && !strings.HasPrefix(word, wasClosed) {
			told = "" // it never waits
		}
		if told != "" {
			w.WriteString(told + "\n")
		}
	}
	if p.Closed != "" {
		fmt.Fprintf(&w, "is refused after %q\n", p.Closed)
		return w.String()
	}
	if p.Notice != "" {
		fmt.Fprintf(&w, "hears %q first\n", p.Notice)
	}
	p.circle(&w)
	p.bounds(&w)
	if seat != nil {
		p.seatInWords(&w, b.Seat(*seat), seat.Skills)
	}
	fmt.Fprintf(&w, "policy %s\n", b.version)
	return w.String()
}

func what(c contact.Class) string {
	if c == contact.Text {
		return "a message"
	}
	return "a call"
}

// inWords is one word of the trail for people.
func (p Plan) inWords(word string) string {
	kind, name, named := strings.Cut(word, ":")
	if named {
		kind += ":"
	}
	switch kind {
	case wasClosed:
		return "queue " + name + " is closed"
	case tookQueue:
		return fmt.Sprintf("waits in queue %s: band %d, %s ahead, each desk rings %s", name, p.Entry.Band, p.Entry.Credit, p.Entry.Ring)
	case hasPriority:
		return "has priority " + name
	case isReturning:
		return "was cut off before: has priority " + returning
	case lastExpired:
		return "was served last too long ago to wait for the same agent"
	case overflowed:
		return "overflows: all of queue " + name + " are asked too"
	case overflowClosed:
		return "would overflow to queue " + name + ", which is closed"
	case overflowBack:
		return "overflows: a call-back is offered at once"
	case loadUnknown:
		return "an overflow rule was not judged: nothing is known of the load"
	default:
		return ""
	}
}

// circle lists who is asked when.
func (p Plan) circle(w *strings.Builder) {
	tell := func(after time.Duration, buckets []Bucket) {
		for _, b := range buckets {
			fmt.Fprintf(w, "  %-16s %s\n", since(after), b.inWords())
		}
	}
	tell(0, p.Entry.Buckets)
	for _, s := range p.Entry.Steps {
		tell(s.After, s.Add)
	}
}

func since(after time.Duration) string {
	if after == 0 {
		return "from the start"
	}
	return "after " + after.String()
}

// inWords is a bucket for people.
func (b Bucket) inWords() string {
	if agent, ok := b.Seat(); ok {
		return fmt.Sprintf("agent %s alone, if there and ready", agent)
	}
	if from, reserve, ok := b.Lender(); ok {
		return fmt.Sprintf("%s, while more than %d of them are free", from.inWords(), reserve)
	}
	parts := strings.Split(string(b), "+")
	for i, part := range parts {
		skill, level, leveled := strings.Cut(part, ".")
		parts[i] = skill
		if leveled {
			parts[i] += " from level " + level
		}
	}
	return "all with " + strings.Join(parts, " and ")
}

func (p Plan) bounds(w *strings.Builder) {
	if p.CallbackAfter > 0 {
		fmt.Fprintf(w, "a call-back is offered after %s\n", p.CallbackAfter)
	}
	if p.MaxWait == 0 {
		return
	}
	end := "a goodbye"
	if p.Then == thenCallback {
		end = "a call-back"
	}
	fmt.Fprintf(w, "waits %s at most, then %s\n", p.MaxWait, end)
}

// seatInWords tells when the seat is asked, and in which tier.
func (p Plan) seatInWords(w *strings.Builder, seat Agent, skills []string) {
	fmt.Fprintf(w, "a seat with %s\n", cmp.Or(strings.Join(skills, ", "), "no skill of its own"))
	asked := false
	tell := func(after time.Duration, buckets []Bucket) {
		for _, b := range buckets {
			tier, serves := seat.Buckets[b]
			if own, ok := b.Seat(); ok {
				serves = own == seat.ID
			}
			if serves {
				asked = true
				fmt.Fprintf(w, "  %-16s asked in tier %d of %s\n", since(after), tier, b)
			}
		}
	}
	tell(0, p.Entry.Buckets)
	for _, s := range p.Entry.Steps {
		tell(s.After, s.Add)
	}
	if !asked {
		fmt.Fprintf(w, "  is never asked; it serves %s\n", strings.Join(seat.served(), ", "))
	}
}

func (a Agent) served() []string {
	all := []string{}
	for b := range a.Buckets {
		all = append(all, string(b))
	}
	slices.Sort(all)
	if len(all) == 0 {
		return []string{"nothing"}
	}
	return all
}
