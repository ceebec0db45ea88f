package tickets

import (
	"strings"
	"unicode/utf8"

	"hotline/contact"
)

// PIIScope says what of the requester a unit may see.
type PIIScope string

// The scopes.
const (
	ScopeFull   PIIScope = "full"
	ScopeMasked PIIScope = "masked" // +86138****5678, 张女士 or 张**
	ScopeNone   PIIScope = "none"   // only the pseudonym and the wishes
)

// Scoped is the ticket as someone of that scope may see it. A confidential or
// anonymous requester is shown to no unit, whatever its scope. Where the scope
// is not full, the requester's own name and numbers are taken out of the free
// text too.
func (t Ticket) Scoped(s PIIScope) Ticket {
	if t.Requester.Confidential || t.Requester.Anonymous {
		s = ScopeNone
	}
	t.PIIScope = s
	if s == ScopeFull {
		return t
	}
	scrub := t.Requester.scrubber()
	t.Title, t.Content = scrub.Replace(t.Title), scrub.Replace(t.Content)
	t.Answer.Text = scrub.Replace(t.Answer.Text)
	t.Requester = t.Requester.reduced(s)
	t.unknown = withoutRequester(t.unknown)
	return t
}

// Masked is the ticket as a desk shows it: names and numbers masked, the text whole.
func (t Ticket) Masked() Ticket {
	t.Requester = t.Requester.reduced(ScopeMasked)
	t.PIIScope = ScopeMasked
	return t
}

func (r Requesting) reduced(s PIIScope) Requesting {
	kept := Requesting{Ref: r.Ref, Kind: r.Kind, Confidential: r.Confidential, Anonymous: r.Anonymous, ReplyWanted: r.ReplyWanted}
	if s == ScopeMasked {
		kept.Name, kept.OrgName = maskName(r.Name), r.OrgName
		kept.Phone = maskNumber(r.Phone)
		kept.AltContact = maskNumber(r.AltContact)
	}
	return kept
}

// withoutRequester drops what a decoded requester carried beyond our fields:
// nobody knows how private it is.
func withoutRequester(unknown map[string]any) map[string]any {
	kept := make(map[string]any, len(unknown))
	for key, v := range unknown {
		if key != "requester" {
			kept[key] = v
		}
	}
	return kept
}

// maskName keeps the family name, and the courtesy title when there is one.
func maskName(name string) string {
	if name == "" {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(name)
	for _, title := range []string{"先生", "女士"} {
		if strings.HasSuffix(name, title) && name != title {
			return string(first) + title
		}
	}
	return string(first) + "**"
}

func maskNumber(number string) string {
	if number == "" {
		return ""
	}
	return contact.NewAddress(number).String()
}

// scrubber replaces the requester's own name and numbers, the numbers in
// their national spelling too.
func (r Requesting) scrubber() *strings.Replacer {
	var pairs []string
	for _, number := range []string{r.Phone, r.AltContact} {
		if len(number) < 7 {
			continue
		}
		pairs = append(pairs, number, maskNumber(number))
		if national, ok := strings.CutPrefix(number, "+86"); ok {
			pairs = append(pairs, national, maskNumber(national), "0"+national, maskNumber("0"+national))
		}
	}
	if utf8.RuneCountInString(r.Name) >= 2 {
		pairs = append(pairs, r.Name, maskName(r.Name))
	}
	return strings.NewReplacer(pairs...)
}
