package memstore_test

import (
	"testing"

	"hotline/routing/memstore"
	"hotline/routing/routingtest"
)

// BenchmarkMatch shows what scanning costs; nothing depends on it.
func BenchmarkMatch(b *testing.B) {
	clock := routingtest.NewClock()
	s := memstore.New(clock.Now)
	load := routingtest.NewLoad(b, routingtest.Harness{Store: s, Clock: clock}, 100, 10)
	for b.Loop() {
		load.Life()
	}
}
