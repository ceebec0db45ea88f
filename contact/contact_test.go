package contact_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"hotline/contact"
)

func TestAddressIsMaskedWhateverPrintsIt(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"mobile in E.164":  {"+8613812345678", "+86138****5678"},
		"Beijing landline": {"+861065551234", "+8610****1234"},
		"short number":     {"12345", "*****"},
		"seven digits":     {"6555123", "****5123"},
		"eight digits":     {"65551234", "****1234"},
		"anonymous":        {"", "anonymous"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := contact.NewAddress(tt.in)
			js, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			for _, got := range []string{a.String(), fmt.Sprintf("%v", a), fmt.Sprintf("%+v", a), fmt.Sprintf("%#v", a), a.LogValue().String()} {
				if got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			}
			if string(js) != `"`+tt.want+`"` {
				t.Errorf("JSON is %s, want %q", js, tt.want)
			}
		})
	}
}

func TestRefIsStableAndKeyed(t *testing.T) {
	t.Parallel()
	a := contact.NewAddress("+8613812345678")
	one, two := a.Ref([]byte("one")), a.Ref([]byte("two"))
	if one != a.Ref([]byte("one")) || one == two || len(one) != 26 {
		t.Errorf("refs %q and %q: want stable, keyed, 26 characters", one, two)
	}
	if got := (contact.Address{}).Ref([]byte("one")); got != "" {
		t.Errorf("an anonymous caller has ref %q, want none", got)
	}
}

func TestParseID(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in string
		ok bool
	}{
		"a ULID":            {"01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", true},
		"too short":         {"01JDG3Z4V7", false},
		"a letter I":        {"01JDG3Z4V7Q8W9X0Y1Z2A3B4CI", false},
		"key injection":     {"01JDG3Z4V7Q8W9X0Y1{2A3}*4C", false},
		"lower case":        {"01jdg3z4v7q8w9x0y1z2a3b4c5", false},
		"a line break":      {"01JDG3Z4V7Q8W9X0Y1Z2A3B4C\n", false},
		"empty":             {"", false},
		"27 characters":     {"01JDG3Z4V7Q8W9X0Y1Z2A3B4C55", false},
		"multi-byte letter": {"01JDG3Z4V7Q8W9X0Y1Z2A3B4é", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := contact.ParseID(tt.in); (err == nil) != tt.ok {
				t.Errorf("ParseID(%q): error %v, want ok=%v", tt.in, err, tt.ok)
			}
		})
	}
}

func TestCausesSurviveJSON(t *testing.T) {
	t.Parallel()
	for _, c := range contact.Causes() {
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var got contact.Cause
		if err := json.Unmarshal(b, &got); err != nil || got != c {
			t.Errorf("%s came back as %v, %v", c, got, err)
		}
	}
	var zero contact.Cause
	if zero.String() != "internal" {
		t.Errorf("the zero cause is %s, want internal", zero)
	}
}
