package sip

import (
	"strings"
	"testing"

	"hotline/contact"
)

func TestNational(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"+8613812345678":  "13812345678",
		"+861088886666":   "01088886666",
		"+8675588886666":  "075588886666",
		"+85221234567":    "0085221234567",
		"10086":           "10086",
		"13812345678":     "13812345678",
		"":                "",
		"anonymous":       "",
		"+86 138-1234567": "0138" + "1234567",
	} {
		if got := national(number); got != want {
			t.Errorf("%q is dialled as %q, want %q", number, got, want)
		}
	}
}

func TestACitizenIsCalledOnATrunkWithOutbound(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp)
	for name, c := range map[string]Citizen{
		"no such trunk": {Trunk: "nobody", From: "12345", To: contact.NewAddress("+8613812345678")},
		"no number":     {Trunk: "carrier", From: "12345", To: contact.NewAddress("wx-openid")},
	} {
		if leg, err := n.Call(t.Context(), c); err == nil || leg != nil || strings.Contains(err.Error(), "138") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
