package desk

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"hotline/contact"
	"hotline/records"
)

type facts = map[string]string

func TestSentences(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		event  records.Event
		zh, en string
	}{
		"queued": {
			records.Event{Kind: records.Queued, Facts: facts{
				"line": "enterprise", "queue": "specialists", "buckets": "enterprise.2,en", "steps": "15000:enterprise;90000:general!2",
				"band": "1", "credit": "30000", "trail": "hours:open > vip",
			}},
			"进入排队 specialists（线路 enterprise）；先在 enterprise.2、en 中等待；满 15 秒再加 enterprise；满 1 分 30 秒再加 general（借用，为其保留 2 席）；级别 1；按早到 30 秒排序；依据：hours:open > vip",
			"Joined the queue specialists of line enterprise; waits in enterprise.2, en; after 15 s in enterprise too; after 1 min 30 s in general (borrowed, 2 seats kept free) too; band 1; ordered as if 30 s earlier; by: hours:open > vip",
		},
		"queued, nothing known": {records.Event{Kind: records.Queued}, "进入排队", "Joined the queue"},
		"queued, a plain one": {
			records.Event{Kind: records.Queued, Facts: facts{"buckets": "general", "band": "0", "credit": "0", "steps": "nonsense"}},
			"进入排队；先在 general 中等待", "Joined the queue; waits in general",
		},
		"widened": {
			records.Event{Kind: records.Widened, Facts: facts{"added": "@1003,general"}},
			"还没有人接，扩大到 坐席 1003、general", "Nobody yet: waits in the seat of 1003, general too",
		},
		"offered to a free seat": {
			records.Event{Kind: records.Offered, Agent: "1003", Facts: facts{"by": "entered", "via": "general", "waited": "0", "idle": "60000", "others": "0"}},
			"等了 0 秒；在 general 中排第一；1003 空闲最久（1 分钟），没有其他空闲座席",
			"Waited 0 s; first in general; 1003 had been free the longest (1 min), no other seat was free",
		},
		"offered to the second tier, beside a chat": {
			records.Event{Kind: records.Offered, Agent: "1003", Facts: facts{
				"by": "entered", "via": "en", "waited": "4600", "idle": "900", "tier": "1", "load": "1", "others": "2", "next": "1004",
			}},
			"等了 5 秒；在 en 中排第一；1003 在第 2 梯队空闲最久（1 秒），手上已有 1 个同类诉求，另有 2 个空闲座席，下一位是 1004",
			"Waited 5 s; first in en; 1003 is the longest free of tier 2 (1 s), serving 1 of its kind already, 2 more seats were free, next would have been 1004",
		},
		"offered to a seat that has room for more": {
			records.Event{Kind: records.Offered, Agent: "1003", Facts: facts{"by": "entered", "via": "general", "waited": "0", "idle": "9000", "others": "1", "next": "1003"}},
			"等了 0 秒；在 general 中排第一；1003 空闲最久（9 秒），没有其他空闲座席",
			"Waited 0 s; first in general; 1003 had been free the longest (9 s), no other seat was free",
		},
		"offered to a seat that became free": {
			records.Event{Kind: records.Offered, Agent: "1003", Facts: facts{"by": "freed", "via": "general", "waited": "125000", "others": "7", "next": "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5"}},
			"等了 2 分 5 秒；1003 空出来，它在 general 中排第一，后面还有 7 个在等，下一个是 01JDG3Z4V7Q8W9X0Y1Z2A3B4C5",
			"Waited 2 min 5 s; 1003 became free, it was the first in general, 7 more wait behind it, next is 01JDG3Z4V7Q8W9X0Y1Z2A3B4C5",
		},
		"the last of a queue": {
			records.Event{Kind: records.Offered, Agent: "1003", Facts: facts{"by": "freed", "via": "general", "waited": "x"}},
			"等了 未知时间；1003 空出来，它在 general 中排第一，后面没有人等",
			"Waited an unknown time; 1003 became free, it was the first in general, nobody waits behind it",
		},
		"a supervisor's pick": {
			records.Event{Kind: records.Offered, Agent: "1003", Facts: facts{"by": "assigned", "waited": "9000"}},
			"等了 9 秒；班长指定 1003 接待", "Waited 9 s; a supervisor picked 1003",
		},
		"offered before facts were kept": {records.Event{Kind: records.Offered, Agent: "1003"}, "分给 1003", "Offered to 1003"},
		"an offer that came to nothing":  {records.Event{Kind: records.OfferEnded, Agent: "1003", Detail: "unanswered"}, "1003 没有接：振铃超时", "1003 did not take it: it rang to the end"},
		"requeued":                       {records.Event{Kind: records.Requeued, Facts: facts{"why": "disconnected"}}, "回到原来的位置继续等待：坐席断线", "Waits again at the old place: the desk was gone"},
		"ended":                          {records.Event{Kind: records.Ended, Detail: "abandoned_queue"}, "全部结束：市民在排队中离开", "All is over: the citizen left the queue"},
		"a kind of a newer node":         {records.Event{Kind: "praised", Detail: "aloud"}, "praised：aloud", "praised: aloud"},
		"promised":                       {records.Event{Kind: records.Promised, Detail: "max_wait"}, "登记回拨，保留排队位置：等候已到上限", "A call back is promised, at the old place: the longest wait was reached"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tell(tt.event); got.ZH != tt.zh || got.EN != tt.en {
				t.Errorf("got\n%s\n%s\nwant\n%s\n%s", got.ZH, got.EN, tt.zh, tt.en)
			}
		})
	}
}

func TestEveryCauseHasWords(t *testing.T) {
	t.Parallel()
	for _, c := range contact.Causes() {
		if w := word(c.String()); w.ZH == c.String() || w.EN == "" {
			t.Errorf("%s has no words", c)
		}
	}
}

func TestChangedAgents(t *testing.T) {
	t.Parallel()
	one, two := boardAgent{ID: "1", State: "ready"}, boardAgent{ID: "2", State: "ready"}
	busy := two
	busy.State = "talking"
	before := map[contact.AgentID]boardAgent{"1": one, "2": two, "3": {ID: "3"}}
	differ, gone := changed(before, []boardAgent{one, busy})
	if len(differ) != 1 || differ[0] != busy || !slices.Equal(gone, []contact.AgentID{"3"}) {
		t.Errorf("differ %v, gone %v", differ, gone)
	}
	if all, none := changed(nil, []boardAgent{one, two}); len(all) != 2 || none == nil || len(none) != 0 {
		t.Errorf("from nothing: %v, %v", all, none)
	}
}

// TestEveryKindIsTold reads the kinds where they are written down.
func TestEveryKindIsTold(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../records/record.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`EventKind += "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(kinds) < 27 {
		t.Fatalf("only %d kinds found", len(kinds))
	}
	for _, k := range kinds {
		if s := tell(records.Event{Kind: records.EventKind(k[1])}); s.ZH == k[1] || s.EN == k[1] {
			t.Errorf("%s has no sentence", k[1])
		}
	}
}
