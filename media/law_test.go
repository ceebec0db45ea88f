package media

import (
	"math"
	"testing"
)

func TestLawsKeepEveryOctet(t *testing.T) {
	t.Parallel()
	for _, law := range []Law{ALaw, MuLaw} {
		for i := range 256 {
			linear := law.Decode(byte(i))
			if again := law.Decode(law.Encode(linear)); again != linear {
				t.Errorf("%v 0x%02x: %d became %d", law, i, linear, again)
			}
		}
	}
}

func TestLawSilenceIsQuiet(t *testing.T) {
	t.Parallel()
	for _, law := range []Law{ALaw, MuLaw} {
		if v := law.Decode(law.Silence()); v < -8 || v > 8 {
			t.Errorf("%v: silence decodes to %d", law, v)
		}
	}
}

// The tables of G.711 keep every sample within one step of the other law.
func TestConversionStaysNear(t *testing.T) {
	t.Parallel()
	for _, from := range []Law{ALaw, MuLaw} {
		to := MuLaw - from
		for i := range 256 {
			want := float64(from.Decode(byte(i)))
			got := float64(to.Decode(from.AppendConverted(nil, []byte{byte(i)}, to)[0]))
			if diff := math.Abs(want - got); diff > max(math.Abs(want)/16, 16) {
				t.Errorf("%v→%v 0x%02x: %v became %v", from, to, i, want, got)
			}
		}
	}
}

func TestConversionToOwnLawCopies(t *testing.T) {
	t.Parallel()
	in := []byte{1, 2, 3}
	out := ALaw.AppendConverted(nil, in, ALaw)
	if string(out) != string(in) || &out[0] == &in[0] {
		t.Errorf("got %v", out)
	}
}

func TestLawNames(t *testing.T) {
	t.Parallel()
	if ALaw.String() != "PCMA" || ALaw.PayloadType() != 8 || MuLaw.String() != "PCMU" || MuLaw.PayloadType() != 0 {
		t.Error("names or payload types are not those of RFC 3551")
	}
}

func TestAppendLinear(t *testing.T) {
	t.Parallel()
	got := MuLaw.AppendLinear([]int16{7}, []byte{SilenceMuLaw, 0})
	if len(got) != 3 || got[0] != 7 || got[1] != 0 || got[2] != -32124 {
		t.Errorf("got %v", got)
	}
}
