package sip

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"hotline/contact"
)

const maxDigits = 32

// numbering is the dialling plan of the place a trunk comes from.
type numbering struct {
	area string // with its 0: "010"
}

// caller brings a caller's number to E.164. What the plan does not know
// (a short number, a foreign exchange's) stays as its digits; what is no
// number at all becomes the zero Address.
func (n numbering) caller(raw string) contact.Address {
	digits, plus := dialled(raw)
	if digits == "" {
		return contact.Address{}
	}
	if plus {
		return parsed("+"+digits, digits)
	}
	if rest, ok := strings.CutPrefix(digits, "00"); ok {
		return parsed("+"+rest, rest)
	}
	return n.national(digits)
}

func (n numbering) national(digits string) contact.Address {
	switch {
	case len(digits) == 12 && digits[:2] == "01" && digits[2] >= '3': // 0 + mobile
		return mobile(digits[1:])
	case len(digits) == 11 && digits[0] == '1' && digits[1] >= '3':
		return mobile(digits)
	case len(digits) >= 12 && strings.HasPrefix(digits, "86"):
		return parsed("+"+digits, digits)
	case (len(digits) == 7 || len(digits) == 8) && digits[0] != '0': // local subscriber
		return parsed(n.area+digits, digits)
	case len(digits) < 7: // 10086, 12345: a service number
		return contact.NewAddress(digits)
	}
	return parsed(digits, digits)
}

// mobile is nine calls of ten: it needs no plan, whose patterns take 30 µs.
func mobile(digits string) contact.Address { return contact.NewAddress("+86" + digits) }

func parsed(number, otherwise string) contact.Address {
	p, err := phonenumbers.Parse(number, "CN")
	if err != nil || !phonenumbers.IsPossibleNumber(p) {
		return contact.NewAddress(otherwise)
	}
	return contact.NewAddress(phonenumbers.Format(p, phonenumbers.E164))
}

// called brings a dialled number to the digits on a line's list: without
// country code and without our own area code.
func (n numbering) called(raw string) string {
	digits, plus := dialled(raw)
	country := plus
	if rest, ok := strings.CutPrefix(digits, "00"); ok {
		digits, country = rest, true
	}
	bare := strings.TrimPrefix(n.area, "0")
	if rest, ok := strings.CutPrefix(digits, "86"); ok && bare != "" && (country || strings.HasPrefix(rest, bare)) {
		return strings.TrimPrefix(strings.TrimPrefix(rest, "0"), bare)
	}
	if n.area == "" {
		return digits
	}
	return strings.TrimPrefix(digits, n.area)
}

// dialled strips what is not part of a number: parameters that stand in the
// user part (138…;cpc=ordinary), visual separators, an isub. A user part that
// is not a number gives "".
func dialled(user string) (digits string, plus bool) {
	user, _, _ = strings.Cut(user, ";")
	user, plus = strings.CutPrefix(strings.TrimSpace(user), "+")
	var b strings.Builder
	for _, r := range user {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case strings.ContainsRune("-.() ", r): // RFC 3966 visual separators
		default:
			return "", false
		}
		if b.Len() > maxDigits {
			return "", false
		}
	}
	return b.String(), plus
}
