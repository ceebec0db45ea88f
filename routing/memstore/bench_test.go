package memstore_test

import (
	"fmt"
	"testing"

	"hotline/routing/memstore"
	"hotline/routing/routingtest"
)

// BenchmarkMatch is one contact's life, three commands and one match, in a
// hall as simulated: what is over is forgotten.
func BenchmarkMatch(b *testing.B) {
	for _, waiting := range []int{20, 10_000} {
		b.Run(fmt.Sprintf("waiting=%d", waiting), func(b *testing.B) {
			clock := routingtest.NewClock()
			s := memstore.New(clock.Now)
			load := routingtest.NewLoad(b, routingtest.Harness{Store: s, Clock: clock}, waiting, 60)
			lives := 0
			for b.Loop() {
				load.Life()
				if lives++; lives%1000 == 0 {
					s.Forget()
				}
			}
			b.ReportMetric(3*float64(lives)/b.Elapsed().Seconds(), "commands/s")
		})
	}
}
