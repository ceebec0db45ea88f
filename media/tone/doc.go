// Package tone measures what is heard: the power of one frequency, the loudest
// one, and an ear that collects the packets of a stream; and makes the tone that
// is listened for. It serves tests, and
// the proofs of an agent's audio.
package tone
