package redisstore_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"hotline/redisserver/redistest"
	"hotline/routing/redisstore"
)

const (
	mutantHistories = 400 // in which a bug must be found
	mutantSteps     = "150"
	mutantsInShort  = 5
)

// mutant is a bug: the scripts with one piece of text instead of another.
type mutant struct{ was, is string }

// mutants are bugs that a queue could have, by what goes wrong.
func mutants() map[string]mutant {
	return map[string]mutant{
		"who comes back loses the place":       {"  enter(c)\n  returned[#returned + 1] = c.id", "  c.score = int(now)\n  enter(c)\n  returned[#returned + 1] = c.id"},
		"an offer has no lease":                {"  call('ZADD', key('lease'), int(lease), c.id)\n", ""},
		"the token does not rise":              {"c.ep + 1", "c.ep"},
		"an old token is taken":                {"if c.ep ~= token or token == 0 then", "if token == 0 then"},
		"a dead node may act":                  {"if c.anchor ~= '' and not alive(c.anchor) then return nil, {'FENCED', 0} end", ""},
		"who lets it ring is not parked":       {"  park(agent)\n", ""},
		"a class that fills the seat does not": {"and s.excludes[other] then return false end", "and false then return false end"},
		"one slot too many":                    {"s.use[class] >= (s.slots[class] or 0)", "s.use[class] > (s.slots[class] or 0)"},
		"load does not count":                  {"int(s.use[class] * LOAD + s.idle % LOAD)", "int(s.idle % LOAD)"},
		"the tier does not count":              {"int(s.tier[b] * BAND + tonumber(rank))", "int(tonumber(rank))"},
		"one's own seat does not come first":   {"if own then return reserve(c, own, 'entered', b, 0) end", ""},
		"the lender lends what it must keep":   {"call('ZCARD', key('r', c.class, from)) > keep", "call('ZCARD', key('r', c.class, from)) >= keep"},
		"a freed seat is lent too soon":        {"lendable(class, b.from) > b.reserve", "lendable(class, b.from) >= b.reserve"},
		"freed seats do not count as free":     {"      if free(s, class) then n = n + 1 end\n", ""},
		"a step loses the place":               {"      call('ZADD', key('w', c.class, b), c.score, c.id)\n", "      call('ZADD', key('w', c.class, b), int(now), c.id)\n"},
		"steps count from now":                 {"return c.enq + tonumber(after), list, rest", "return now + tonumber(after), list, rest"},
		"no step is taken early":               {"if not due or (due > now and anyone(c)) then return end", "if not due or due > now then return end"},
		"a step stays due":                     {"  if c.steps ~= '' then call('ZREM', key('due'), c.id) end\n", ""},
		"a line is not left":                   {"  if c.line ~= '' then call('ZREM', key('l', c.class, c.line), c.id) end\n", ""},
		"idle time does not begin anew":        {"  s.idle = now\n", ""},
		"nobody hears that he has the thread":  {"  order('adopt', c, c.agent, 0, 'seat', seat)\n", ""},
		"nobody hears of a lost call":          {"  order_to(heir, 'orphan', c, agent, 0)\n", ""},
		"a pick ignores that the seat is full": {"if not s or not free(s, c.class) then return {'BUSY', 0} end", "if not s then return {'BUSY', 0} end"},
		"a reroute stays in the old buckets":   {"if c.state == 'wait' then leave_sets(c) end\nroute(", "route("},
		"a dead node's desks go on ringing":    {"    revoke_all(agent)\n", ""},
		"a talk has no handling time":          {"if mean > 0 then", "if mean < 0 then"},
		"an asserted talk takes no seat":       {"  s.use[class] = s.use[class] + 1\n", ""},
		"a swept seat is still there":          {"    for _, b in ipairs(s.buckets) do call('SREM', key('s', b), agent) end\n", ""},
		"the first bucket comes first":         {"before(tonumber(head[2]), head[1], best_score, best)", "not best"},
		"a former node signs an agent out":     {"if s and status == 'offline' and s.node ~= node then return {'OK', 0} end", ""},
		"a silence of the store kills nodes":   {"if newest and now", "if false and now"},
		"a seat that is freed is not fed":      {"  for _, id in ipairs(ids) do feed(seat(id)) end\n", ""},
	}
}

// TestMutantsAreFound: the machinery of TestModelAgrees tells each bug that is
// put into the scripts. HOTLINE_MUTANTS=all tries them all, which takes minutes.
func TestMutantsAreFound(t *testing.T) {
	was := flag.Lookup("rapid.steps").Value.String()
	if err := flag.Set("rapid.steps", mutantSteps); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := flag.Set("rapid.steps", was); err != nil {
			t.Error(err)
		}
	})
	names := slices.Sorted(maps.Keys(mutants()))
	if os.Getenv("HOTLINE_MUTANTS") != "all" {
		names = names[:mutantsInShort]
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := redistest.Start(t)
			for n := range mutantHistories {
				if mutants()[name].found(t, client, n) {
					t.Logf("found in history %d", n+1)
					return
				}
			}
			t.Errorf("not found in %d histories", mutantHistories)
		})
	}
}

// found runs one history, the one of the seed, with the bug.
func (m mutant) found(t *testing.T, client redis.UniversalClient, seed int) bool {
	t.Helper()
	applied := false
	alter := func(_, text string) string {
		applied = applied || strings.Contains(text, m.was)
		return strings.ReplaceAll(text, m.was, m.is)
	}
	history := rapid.Custom(func(rt *rapid.T) (found bool) {
		defer func() {
			_ = recover() // how rapid ends a history that has failed
			found = rt.Failed()
		}()
		model := newModel(t, rt, client)
		model.real = open(t, redisstore.Config{Client: client, Hall: modelHall, Now: model.clock.Now, Alter: alter})
		if !applied {
			t.Fatalf("the scripts do not have %q", m.was)
		}
		rt.Repeat(model.actions())
		return false
	})
	return history.Example(seed)
}

// TestNoMutantIsNone: without a bug the same machinery finds nothing.
func TestNoMutantIsNone(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	none := mutant{"return", "return"}
	for n := range 10 {
		if none.found(t, client, n) {
			t.Errorf("history %d fails without a bug", n)
		}
	}
}
