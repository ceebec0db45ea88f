// Package phone is a citizen's telephone: it dials a URI, plays audio, presses
// keys, records what it hears and reports what became of the call. It serves
// trials, probes and the demo city.
package phone
