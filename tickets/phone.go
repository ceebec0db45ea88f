package tickets

import "github.com/nyaruka/phonenumbers"

// phone spells a number as E.164; what is no number comes back as it is.
// Numbers without a country are Chinese ones.
func phone(typed string) string {
	n, err := phonenumbers.Parse(typed, "CN")
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return typed
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}
