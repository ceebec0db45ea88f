package tickets_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/tickets"
)

func TestNumber(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		at       time.Time
		sequence int
		want     string // empty: an error
	}{
		"first of the day":         {time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), 1, "20261124-0000001-0"},
		"midnight in Shanghai":     {time.Date(2026, 11, 24, 16, 0, 0, 0, time.UTC), 1, "20261125-0000001-7"},
		"before midnight":          {time.Date(2026, 11, 24, 15, 59, 59, 999e6, time.UTC), 42, "20261124-0000042-8"},
		"last of the day":          {time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), 9_999_999, "20261124-9999999-0"},
		"beyond the last":          {time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), 10_000_000, ""},
		"sequences begin with one": {time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), 0, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tickets.Number(tt.at, tt.sequence)
			if got != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
			if err == nil && !tickets.ValidNumber(got) {
				t.Errorf("%s is not valid", got)
			}
		})
	}
}

func TestValidNumberRefuses(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]string{
		"nothing":           "",
		"no dashes":         "202611240000001000",
		"a letter":          "2026112A-0000001-0",
		"a full-width one":  "20261124-000000１-0",
		"wrong check digit": "20261124-0000001-1",
		"sequence zero":     "20261124-0000000-7",
		"an impossible day": "20261324-0000001-5",
		"a space":           "20261124-0000001-0 ",
	} {
		if tickets.ValidNumber(s) {
			t.Errorf("%s: %q is taken as valid", name, s)
		}
	}
}

// TestTheDammExample is the one published with the algorithm: 572 has check digit 4.
func TestTheDammExample(t *testing.T) {
	t.Parallel()
	// 0 is a fixed point at the start of the quasigroup's first row, so that
	// leading zeros change nothing.
	if got := tickets.CheckDigit("572"); got != 4 {
		t.Errorf("the check digit of 572 is %d, want 4", got)
	}
}

// drawNumber is any valid number.
func drawNumber(t *rapid.T) string {
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 36500).Draw(t, "day"))
	number, err := tickets.Number(day, rapid.IntRange(1, 9_999_999).Draw(t, "sequence"))
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// digitsAt are the places of a number that hold digits.
func digitsAt() []int { return []int{0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 17} }

func TestASlipOfThePenIsFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := drawNumber(t)
		if !tickets.ValidNumber(number) {
			t.Fatalf("%s is not valid", number)
		}
		wrong, at := []byte(number), digitsAt()
		i := rapid.IntRange(0, len(at)-1).Draw(t, "place")
		if rapid.Bool().Draw(t, "swap") && i+1 < len(at) {
			wrong[at[i]], wrong[at[i+1]] = wrong[at[i+1]], wrong[at[i]]
		} else {
			wrong[at[i]] = byte('0' + rapid.IntRange(0, 9).Draw(t, "digit"))
		}
		if string(wrong) != number && tickets.ValidNumber(string(wrong)) {
			t.Fatalf("%s became %s, and nobody noticed", number, wrong)
		}
	})
}

func FuzzValidNumber(f *testing.F) {
	f.Add("20261124-0000001-0")
	f.Add("")
	f.Add("--------------------")
	f.Fuzz(func(t *testing.T, s string) {
		if !tickets.ValidNumber(s) {
			return
		}
		for i, c := range []byte(s) {
			if (i == 8 || i == 16) != (c == '-') {
				t.Errorf("%q is taken as valid", s)
			}
		}
	})
}
