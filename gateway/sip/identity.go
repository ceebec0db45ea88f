package sip

import (
	"strings"

	"github.com/emiago/sipgo/sip"

	"hotline/contact"
)

// identify finds who calls: P-Asserted-Identity first (RFC 3325; its tel URI
// before its sip URI), then From. Whoever asked for privacy (RFC 3323) stays
// the zero Address. Display names are not looked at: they are the caller's
// own word, in whatever character set.
func (n numbering) identify(req *sip.Request) contact.Address {
	if private(req) {
		return contact.Address{}
	}
	for _, uri := range asserted(req) {
		if a := n.caller(subscriber(uri)); !a.IsZero() {
			return a
		}
	}
	from := req.From()
	if from == nil {
		return contact.Address{}
	}
	return n.caller(subscriber(&from.Address))
}

// private says that the caller withholds the number: a Privacy of id, user or
// header, or the anonymous URI of RFC 3323 §4.1.1.3.
func private(req *sip.Request) bool {
	for _, h := range req.GetHeaders("privacy") {
		for v := range strings.FieldsFuncSeq(h.Value(), func(r rune) bool { return r == ';' || r == ',' || r == ' ' }) {
			switch strings.ToLower(v) {
			case "id", "user", "header", "full":
				return true
			}
		}
	}
	from := req.From()
	return from != nil && len(asserted(req)) == 0 &&
		(strings.EqualFold(from.Address.Host, "anonymous.invalid") || strings.EqualFold(from.Address.User, "anonymous"))
}

// asserted lists the identities of P-Asserted-Identity, tel first.
func asserted(req *sip.Request) []*sip.Uri {
	var tels, sips []*sip.Uri
	for _, h := range req.GetHeaders("p-asserted-identity") {
		for _, v := range splitList(h.Value()) {
			uri := &sip.Uri{}
			if _, err := sip.ParseAddressValue(strings.TrimSpace(v), uri, nil); err != nil {
				continue
			}
			if uri.Scheme == "tel" {
				tels = append(tels, uri)
				continue
			}
			sips = append(sips, uri)
		}
	}
	return append(tels, sips...)
}

// splitList splits at the commas outside quotes and angle brackets: sipgo
// hands generic headers over whole.
func splitList(s string) []string {
	var out []string
	quoted, angle, start := false, false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == ',' && !angle:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// subscriber is the part of a URI that names a number: sipgo keeps all of a
// tel URI in Raw.
func subscriber(uri *sip.Uri) string {
	if uri.Scheme == "tel" {
		return uri.Raw()
	}
	return uri.User
}
