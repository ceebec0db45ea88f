package main

import (
	"slices"
	"strings"
)

// protections can be switched off one by one; each that is must make a run fail.
func protections() []string {
	return []string{"guard", "reassert", "fence", "token", "lease", "orphan", "order"}
}

// cuts are the protections that live in the scripts, and what stands there
// instead.
func cuts() map[string][2]string {
	return map[string][2]string{
		// A swept node may go on under its name.
		"fence": {"if call('ZSCORE', key('fenced'), ARGV[2]) then return {'FENCED', 0} end", ""},
		// Whoever had the contact once has it still.
		"token": {"if c.ep ~= token or token == 0 then", "if false then"},
		// A reservation that nobody took stays.
		"lease": {"call('ZADD', key('lease'), int(lease), c.id)", ""},
		// Seats take the one who waits shortest.
		"order": {
			"local head = call('ZRANGE', name, 0, 0, 'WITHSCORES')",
			"local head = call('ZRANGE', name, -1, -1, 'WITHSCORES')",
		},
		// Nobody is told of a dead node's callers.
		"orphan": {"order_to(heir, 'orphan', c, agent, 0)", ""},
	}
}

// alter rewrites the scripts without those protections.
func alter(without []string) func(name, text string) string {
	return func(_, text string) string {
		for name, cut := range cuts() {
			if slices.Contains(without, name) {
				text = strings.ReplaceAll(text, cut[0], cut[1])
			}
		}
		return text
	}
}
