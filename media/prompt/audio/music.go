//go:build ignore

// Writes the waiting music to standard output: a quiet pentatonic melody over
// broken chords, composed for this house. Every note's decay wraps around the
// end, so that the loop has no seam.
package main

import (
	"log"
	"math"
	"os"

	"hotline/media/prompt"
)

const (
	rate    = 8000
	beat    = rate * 5 / 8 // 96 beats a minute
	beats   = 32           // eight bars of four: 20 s
	loudest = 0.35         // of full scale
)

// note is a key (MIDI number) struck at a beat.
type note struct {
	at, key float64
	volume  float64
	seconds float64
}

func main() {
	mix := make([]float64, beat*beats)
	for _, n := range append(melody(), chords()...) {
		strike(mix, n)
	}
	if err := prompt.WriteWAV(os.Stdout, prompt.FromLinear(level(mix))); err != nil {
		log.Fatal(err)
	}
}

// melody walks the scale of G: sol la ti re mi.
func melody() []note {
	line := []struct{ at, key float64 }{
		{0, 74},
		{1.5, 76},
		{2, 79},
		{4, 78},
		{5, 76},
		{6, 74},
		{8, 76},
		{9.5, 74},
		{10, 71},
		{12, 69},
		{14, 71},
		{16, 74},
		{17.5, 76},
		{18, 79},
		{20, 81},
		{21, 79},
		{22, 76},
		{24, 74},
		{25, 71},
		{26, 69},
		{28, 67},
		{30, 62},
	}
	notes := make([]note, 0, len(line))
	for _, l := range line {
		notes = append(notes, note{l.at, l.key, 1, 1.6})
	}
	return notes
}

// chords breaks one chord a bar: G Em C D G C D G.
func chords() []note {
	bars := [][]float64{
		{55, 62, 67, 71},
		{52, 59, 64, 67},
		{48, 60, 64, 67},
		{50, 57, 62, 66},
		{55, 62, 67, 71},
		{48, 60, 64, 67},
		{50, 57, 62, 66},
		{55, 59, 62, 67},
	}
	var notes []note
	for bar, keys := range bars {
		for i := range 8 {
			up := []int{0, 1, 2, 3, 2, 3, 2, 1}[i]
			notes = append(notes, note{float64(4*bar) + float64(i)/2, keys[up], 0.45, 1.1})
		}
	}
	return notes
}

// strike adds a plucked string: three partials that fade, the high ones first.
func strike(mix []float64, n note) {
	hz := 440 * math.Pow(2, (n.key-69)/12)
	start := int(n.at * beat)
	for i := range int(n.seconds * 3 * rate) {
		t := float64(i) / rate
		rise := math.Min(t/0.012, 1)
		var v float64
		for partial, share := range []float64{1, 0.35, 0.12} {
			k := float64(partial + 1)
			v += share * math.Exp(-t*k*2.2/n.seconds) * math.Sin(2*math.Pi*hz*k*t)
		}
		mix[(start+i)%len(mix)] += n.volume * rise * v
	}
}

func level(mix []float64) []int16 {
	var peak float64
	for _, v := range mix {
		peak = math.Max(peak, math.Abs(v))
	}
	samples := make([]int16, len(mix))
	for i, v := range mix {
		samples[i] = int16(v / peak * loudest * math.MaxInt16)
	}
	return samples
}
