package recorder

import "hotline/media"

const (
	channels = 2
	// ringSamples are what a recording keeps in memory, in samples a channel:
	// what is late still finds its place there, and what the disk refused is
	// tried again. A power of two.
	ringSamples = 1 << 15
	// keep is how much of what was written stays for late packets.
	keep = behind
)

// ring is the newest part of a recording, both channels interleaved; where
// nothing was placed there is silence. Samples are counted from the call's
// beginning and never negative.
type ring struct {
	first  int64 // the oldest sample kept
	dirty  int64 // the oldest that is not on disk as it is here
	octets []byte
}

func newRing() ring {
	r := ring{octets: make([]byte, ringSamples*channels)}
	r.silence(0, ringSamples)
	return r
}

// end is the first sample that there is no room for.
func (r *ring) end() int64 { return r.first + ringSamples }

// put places samples of one channel; what lies outside the ring is left out.
func (r *ring) put(at int64, channel int, alaw []byte) {
	from, to := max(at, r.first), min(at+int64(len(alaw)), r.end())
	if from >= to {
		return
	}
	for i, octet := range alaw[from-at : to-at] {
		r.octets[index(from+int64(i))+channel] = octet
	}
	r.dirty = min(r.dirty, from)
}

func index(sample int64) int { return int(sample&(ringSamples-1)) * channels }

// span is the longest piece from from up to to that lies in one.
func (r *ring) span(from, to int64) []byte {
	n := min(to-from, ringSamples-from&(ringSamples-1))
	at := index(from)
	return r.octets[at : at+int(n)*channels]
}

// copy appends the samples from up to to, which are in the ring.
func (r *ring) copy(dst []byte, from, to int64) []byte {
	for from < to {
		piece := r.span(from, to)
		dst = append(dst, piece...)
		from += int64(len(piece) / channels)
	}
	return dst
}

// silence takes back what was placed from up to to.
func (r *ring) silence(from, to int64) {
	for from < to {
		piece := r.span(from, to)
		piece[0] = media.SilenceALaw
		for n := 1; n < len(piece); n *= 2 {
			copy(piece[n:], piece[:n])
		}
		from += int64(len(piece) / channels)
	}
}

// forget gives the place of all samples before first to those to come.
func (r *ring) forget(first int64) {
	if first <= r.first {
		return
	}
	r.silence(r.first, min(first, r.end()))
	r.first = first
	r.dirty = max(r.dirty, first)
}
