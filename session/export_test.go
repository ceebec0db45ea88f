package session

import (
	"strings"

	"hotline/routing"
)

// Spoken are all prompts that announcements are made of.
func Spoken() []string {
	all := []string{promptOffer, promptTaken, promptOfferFailed, promptGoodbye, promptReconnect, promptClosed, promptElsewhere}
	for place := range 120 {
		for low := range 60 {
			all = append(all, spoken(routing.Standing{Place: place, Known: true, Estimate: routing.Estimate{Low: low, High: low + 1}})...)
		}
	}
	return strings.Fields(strings.Join(all, " "))
}
