package routing

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// skills of the tests.
func skills() vocabulary {
	return vocabulary{"general": true, "enterprise": true, "en": true, "ja": true, "tax": true, "social": true, "dialect-minnan": true}
}

func TestNeedsBecomeBuckets(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want []Bucket
	}{
		"a skill":                  {"general", []Bucket{"general"}},
		"a dash is of the name":    {"dialect-minnan", []Bucket{"dialect-minnan"}},
		"a level":                  {"enterprise >= 2", []Bucket{"enterprise.2"}},
		"more than a level":        {"enterprise > 2", []Bucket{"enterprise.3"}},
		"the least level":          {"enterprise >= 1", []Bucket{"enterprise"}},
		"two skills, in order":     {"enterprise >= 2 and en", []Bucket{"en+enterprise.2"}},
		"one of two":               {"tax or social", []Bucket{"tax", "social"}},
		"and before or":            {"tax and en or social", []Bucket{"en+tax", "social"}},
		"parentheses":              {"(tax or social) and en >= 2", []Bucket{"en.2+tax", "en.2+social"}},
		"the higher level counts":  {"en and en >= 3 and en >= 2", []Bucket{"en.3"}},
		"what another includes":    {"enterprise >= 2 or enterprise", []Bucket{"enterprise"}},
		"the same twice":           {"tax or tax", []Bucket{"tax"}},
		"no spaces":                {"(tax)and(en>=2)", []Bucket{"en.2+tax"}},
		"or of all, and of others": {"(en or ja) and (tax or social)", []Bucket{"en+tax", "en+social", "ja+tax", "ja+social"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := skills().need(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, n.buckets()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorsTellTheColumn(t *testing.T) {
	t.Parallel()
	need := func(text string) error { _, err := skills().need(text); return err }
	condition := func(text string) error { _, err := parseCondition(text); return err }
	reserve := func(text string) error {
		_, err := parseReserve(text, need2(t, "enterprise"))
		return err
	}
	tests := map[string]struct {
		read       func(string) error
		text, want string
	}{
		"nothing":                    {need, "", "column 1: want a name, got the end"},
		"a word too many":            {need, "general tax", `column 9: want the end, and, or or, got "tax"`},
		"no second operand":          {need, "general and", "column 12: want a name, got the end"},
		"and twice":                  {need, "general and and tax", `column 13: want a name, got "and"`},
		"a number":                   {need, "2", `column 1: want a name, got "2"`},
		"unknown skill":              {need, "general or genral", `column 12: "genral" is not in routing.skills`},
		"open parenthesis":           {need, "(general", "column 9: want a closing parenthesis, got the end"},
		"closed parenthesis":         {need, "general)", `column 8: want the end, and, or or, got ")"`},
		"an upper-case letter":       {need, "general or Tax", `column 12: "T" has no meaning here`},
		"an arrow":                   {need, "en => 2", `column 4: "=>" is no comparison`},
		"a skill compared downwards": {need, "en < 2", "column 1: a skill is compared as in en >= 2"},
		"a skill compared in time":   {need, "en >= 2m", "column 1: a skill is compared as in en >= 2"},
		"level 10":                   {need, "en >= 10", "column 1: levels go from 1 to 9"},
		"level 0":                    {need, "en >= 0", "column 1: levels go from 1 to 9"},
		"a function":                 {need, "free(en) > 2", "column 1: free() is no skill"},
		"a strange value":            {need, "en >= 2x", `column 7: "2x" is neither a whole number nor a duration`},
		"a value that is a name":     {need, "en >= tax", `column 7: want a number or a duration, got "tax"`},
		"deep":                       {need, strings.Repeat("(", 11) + "en" + strings.Repeat(")", 11), "column 12: more than 10 parentheses"},
		"long":                       {need, "en" + strings.Repeat(" or en", 100), "is over 500 bytes"},
		"many alternatives":          {need, "(en or ja) and (tax or social) and (en or tax) and (ja or social) and (en or general)", "has more than 16 alternatives"},
		"condition: a skill":         {condition, "waiting(public) > 2 or en", "column 24: want waiting(queue), ewt(queue) or staffed(queue)"},
		"condition: free":            {condition, "free(public) > 2", "column 1: free() changes while a contact waits"},
		"condition: of nothing":      {condition, "waiting() > 2", "column 1: waiting() of which queue?"},
		"condition: not compared":    {condition, "staffed(public)", "column 1: staffed() must be compared"},
		"condition: wait in numbers": {condition, "ewt(public) > 5", "column 1: ewt() is compared with a duration"},
		"condition: depth in time":   {condition, "waiting(public) > 5m", "column 1: ewt() is compared with a duration"},
		"condition: two names":       {condition, "waiting(a b) > 5", `column 11: want a closing parenthesis, got "b"`},
		"reserve: of another":        {reserve, "free(general) > 2", "column 1: free() is of what the step adds"},
		"reserve: a wait":            {reserve, "ewt(enterprise) > 2m", "a step's condition is free(x) > n"},
		"reserve: less than":         {reserve, "free(enterprise) < 2", "a step's condition is free(x) > n"},
		"reserve: two":               {reserve, "free() > 2 and free() > 3", "a step's condition is free(x) > n"},
		"reserve: none":              {reserve, "free() >= 0", "column 1: the reserve goes from 0 to 10000"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := tt.read(tt.text); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error %v, want it to begin with %s", err, tt.want)
			}
		})
	}
}

func need2(t *testing.T, text string) need {
	t.Helper()
	n, err := skills().need(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestReserve(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"free(enterprise) > 2": 2, "free(enterprise) >= 2": 1, "free() > 0": 0, "free() > 10000": 10000,
	} {
		got, err := parseReserve(text, need2(t, "enterprise"))
		if err != nil || got != want {
			t.Errorf("%s keeps %d (%v), want %d", text, got, err, want)
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	loads := map[string]Load{
		"public":     {Waiting: 201, Staffed: 30, Wait: 6 * time.Minute, Known: true},
		"enterprise": {Known: true},
	}
	tests := map[string]struct{ holds, known bool }{
		"waiting(public) > 200":                                               {true, true},
		"waiting(public) >= 201":                                              {true, true},
		"waiting(public) > 201":                                               {false, true},
		"waiting(public) < 202":                                               {true, true},
		"waiting(public) <= 200":                                              {false, true},
		"waiting(public) == 201":                                              {true, true},
		"waiting(public) != 201":                                              {false, true},
		"ewt(public) > 5m":                                                    {true, true},
		"ewt(public) > 6m30s":                                                 {false, true},
		"staffed(enterprise) == 0":                                            {true, true},
		"staffed(night) == 0":                                                 {false, false},
		"waiting(public) > 200 and staffed(enterprise) == 0":                  {true, true},
		"waiting(public) > 200 and staffed(enterprise) > 0":                   {false, true},
		"waiting(public) > 900 or staffed(enterprise) == 0":                   {true, true},
		"waiting(night) > 1 or waiting(public) > 1":                           {true, false},
		"waiting(night) > 1 and waiting(public) > 1":                          {false, false},
		"(waiting(public) > 900 or ewt(public) > 1m) and staffed(public) > 9": {true, true},
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			e, err := parseCondition(text)
			if err != nil {
				t.Fatal(err)
			}
			holds, known := e.holds(func(queue string) Load { return loads[queue] })
			if holds != want.holds || known != want.known {
				t.Errorf("holds %v, known %v, want %v, %v", holds, known, want.holds, want.known)
			}
		})
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		inner, outer string
		want         bool
	}{
		"itself":          {"en", "en", true},
		"a higher level":  {"en >= 3", "en >= 2", true},
		"a lower level":   {"en", "en >= 2", false},
		"more skills":     {"en and tax", "tax", true},
		"fewer skills":    {"tax", "en and tax", false},
		"one of several":  {"tax", "tax or social", true},
		"several, one":    {"tax or social", "tax", false},
		"each in its own": {"tax and en or social >= 2", "social or tax", true},
		"not each in one": {"tax and en or ja", "social or tax", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := need2(t, tt.inner).within(need2(t, tt.outer)); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// Whatever is read: its buckets are good ones, and its errors have words.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		"general", "en and enterprise >= 2", "(tax or social) and en", "free(enterprise) > 2", "waiting(public) > 200 or ewt(public) >= 5m30s", "staffed(x) == 0", "((((", ">=", "a.b", "2", "en >= 99999999999999999999", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseExpression(text)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		if _, err := parseCondition(text); err == nil {
			e.holds(func(string) Load { return Load{Known: true} })
		}
		n, err := skills().need(text)
		if err != nil {
			return
		}
		if len(n) == 0 || !n.within(n) {
			t.Errorf("%q has no alternative, or is not within itself", text)
		}
		for _, b := range n.buckets() {
			if err := b.Validate(); err != nil {
				t.Errorf("%q makes the bucket %q: %v", text, b, err)
			}
		}
	})
}
