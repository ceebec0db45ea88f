package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
)

const (
	growthFew      = 100
	growthMany     = 100_000
	growthLives    = 5000
	growthCommands = 1.005 // 1.0, but for a few buckets that are empty by chance
	growthCPU      = 1.2
	bytesWaiting   = 10_000
	bytesCeiling   = 1024
	memoryLooks    = 8
	memorySame     = 64 << 10
)

// cost is what a match cost Redis.
type cost struct{ commands, cpu float64 }

// benchGrowth measures what a match costs beside many who wait and beside few:
// Redis commands, those inside scripts included, and time of Redis's main thread.
func benchGrowth(ctx context.Context, l *lab) (err error) {
	many, lives := growthMany, growthLives
	if l.quick {
		many, lives = many/10, lives/10
	}
	var halls [2]*queueHall
	var talks [2][]talk
	for i, waiting := range []int{growthFew, many} {
		if halls[i], err = openQueue(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, halls[i].close()) }()
		if talks[i], err = halls[i].fill(ctx, waiting, growthFew); err != nil {
			return err
		}
	}
	var total [2]cost
	for range 2 * l.rounds { // turn by turn: the machine is not the same all the time
		for i, h := range halls {
			c, err := h.costs(ctx, talks[i], lives/l.rounds/2)
			if err != nil {
				return err
			}
			total[i].commands += c.commands
			total[i].cpu += c.cpu
		}
	}
	per := float64(lives / l.rounds / 2 * 2 * l.rounds)
	note := fmt.Sprintf("a match, %d waiting over %d", many, growthFew)
	l.report(figure{"queue-growth", total[1].commands / per, "commands " + note, floor, total[0].commands / per, true})
	l.report(figure{"queue-growth-cpu", total[1].cpu / per * 1e6, "us " + note, floor, total[0].cpu / per * 1e6, true})
	return nil
}

// costs lets so many lives pass and returns what they cost in all. It changes talks.
func (h *queueHall) costs(ctx context.Context, talks []talk, lives int) (cost, error) {
	before, err := h.spent(ctx)
	if err != nil {
		return cost{}, err
	}
	for i := range lives {
		t, err := h.life(ctx, talks[i%len(talks)])
		if err != nil {
			return cost{}, err
		}
		talks[i%len(talks)] = t
	}
	after, err := h.spent(ctx)
	return cost{after.commands - before.commands, after.cpu - before.cpu}, err
}

// spent is what Redis has executed so far, but for its reads of the inbox,
// which block.
func (h *queueHall) spent(ctx context.Context) (cost, error) {
	text, err := h.client.Info(ctx, "commandstats", "cpu").Result()
	if err != nil {
		return cost{}, fmt.Errorf("queue: info: %w", err)
	}
	reads := total(text, `cmdstat_xread:calls=(\d+)`)
	return cost{
		commands: total(text, `cmdstat_\S+?:calls=(\d+)`) - reads,
		cpu:      total(text, `used_cpu_\w+_main_thread:([0-9.]+)`),
	}, nil
}

// total sums the numbers that the pattern finds.
func total(text, pattern string) (sum float64) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		if v, err := strconv.ParseFloat(m[1], 64); err == nil {
			sum += v
		}
	}
	return sum
}

// benchBytes measures what one more waiting contact of two buckets and two steps
// takes of Redis's memory, its entry in the log included.
func benchBytes(ctx context.Context, l *lab) (err error) {
	h, err := openQueue(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if _, err := h.fill(ctx, queueSkills, queueSkills); err != nil {
		return err
	}
	// Buffers of the connections are no contacts.
	if err := together(ctx, bytesWaiting, func(ctx context.Context, _ int) error { return h.client.Ping(ctx).Err() }); err != nil {
		return err
	}
	before, err := h.memory(ctx)
	if err != nil {
		return err
	}
	err = together(ctx, bytesWaiting, func(ctx context.Context, _ int) error { return h.store.Enqueue(ctx, h.newcomer()) })
	if err != nil {
		return err
	}
	after, err := h.memory(ctx)
	if err != nil {
		return err
	}
	l.report(figure{"queue-bytes", (after - before) / bytesWaiting, "bytes a waiting contact", ceiling, bytesCeiling, false})
	return nil
}

// memory is what Redis uses, once it does not change any more: the file has been
// written, and buffers of idle connections were given back.
func (h *queueHall) memory(ctx context.Context) (float64, error) {
	last := 0.0
	for range memoryLooks {
		if err := wait(ctx, memorySettle/2); err != nil {
			return 0, err
		}
		text, err := h.client.Info(ctx, "memory").Result()
		if err != nil {
			return 0, fmt.Errorf("queue: info: %w", err)
		}
		now := total(text, `used_memory:(\d+)`)
		if math.Abs(now-last) < memorySame {
			return now, nil
		}
		last = now
	}
	return last, nil
}
