package redisstore_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"

	"hotline/redisserver/redistest"
	"hotline/routing/redisstore"
	"hotline/routing/routingtest"
)

// BenchmarkMatch is one contact's life on a private Redis over its socket:
// three scripts, one match.
func BenchmarkMatch(b *testing.B) {
	for _, waiting := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("waiting=%d", waiting), func(b *testing.B) {
			client := redistest.Start(b)
			h := routingtest.Harness{Store: open(b, redisstore.Config{Client: client, Hall: "bench"})}
			load := routingtest.NewLoad(b, h, waiting, 200)
			bytes := memory(b, client) / float64(waiting)
			before := commands(b, client)
			for b.Loop() {
				load.Life()
			}
			b.ReportMetric((commands(b, client)-before)/float64(b.N), "commands/match")
			b.ReportMetric(bytes, "B/waiting")
		})
	}
}

// commands counts all that Redis has executed, inside scripts too.
func commands(b *testing.B, client redis.UniversalClient) float64 {
	b.Helper()
	text, err := client.Info(b.Context(), "commandstats").Result()
	if err != nil {
		b.Fatal(err)
	}
	return sum(b, regexp.MustCompile(`cmdstat_\S+:calls=(\d+)`), text)
}

func memory(b *testing.B, client redis.UniversalClient) float64 {
	b.Helper()
	text, err := client.Info(b.Context(), "memory").Result()
	if err != nil {
		b.Fatal(err)
	}
	return sum(b, regexp.MustCompile(`used_memory_dataset:(\d+)`), text)
}

func sum(b *testing.B, pattern *regexp.Regexp, text string) float64 {
	b.Helper()
	total := 0.0
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			b.Fatal(err)
		}
		total += n
	}
	return total
}
