package desk

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"hotline/contact"
	"hotline/records"
	"hotline/routing"
)

// sentence says one thing in both languages of the interface.
type sentence struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

func (s sentence) and(o sentence) sentence { return sentence{s.ZH + o.ZH, s.EN + o.EN} }

// teller makes the sentence of an event.
type teller func(records.Event) sentence

// tell says what happened in one step, and why, as far as its facts are known.
func tell(e records.Event) sentence {
	if t, ok := tellers()[e.Kind]; ok {
		return t(e)
	}
	return sentence{string(e.Kind), string(e.Kind)}.and(wordAfter(e.Detail))
}

func tellers() map[records.EventKind]teller {
	return map[records.EventKind]teller{
		records.Accepted:        says("诉求进入系统", "The house took the contact"),
		records.Greeted:         says("已播放问候语", "The greeting was played"),
		records.Queued:          queued("进入排队", "Joined the queue"),
		records.Rerouted:        queued("排队方式已调整，排队时间不变", "Moved, with its time of entry kept"),
		records.Widened:         widened,
		records.Offered:         offered,
		records.OfferEnded:      offerEnded,
		records.Connected:       byAgent("与 %s 接通", "Connected with %s"),
		records.Held:            byAgent("%s 保持通话", "%s put the citizen on hold"),
		records.Resumed:         byAgent("%s 恢复通话", "%s took the call up again"),
		records.AgentSilent:     byAgent("听不到 %s 的声音，市民听到请稍候", "%s is not heard; the citizen hears that we reconnect"),
		records.AgentHeard:      byAgent("又听到 %s 的声音", "%s is heard again"),
		records.AgentLost:       byAgent("%s 没有恢复，市民被收回", "%s did not come back; the citizen was taken back"),
		records.Requeued:        requeued,
		records.Replied:         byAgent("%s 首次回复", "%s replied for the first time"),
		records.ReplyDue:        says("3 分钟内没有首次回复", "No first reply within three minutes"),
		records.Parked:          says("挂起，等市民说话", "Parked: waits for the citizen"),
		records.Unparked:        says("继续对话", "Taken up again"),
		records.Nudged:          says("系统询问市民是否还在", "The house asked whether the citizen is still there"),
		records.Silent:          says("市民没有回应，对话关闭", "No answer came: closed"),
		records.CallbackOffered: says("告知市民可按键改为回拨，保留位置", "The citizen heard that a key keeps the place for a call back"),
		records.Promised:        endedBy("登记回拨，保留排队位置", "A call back is promised, at the old place"),
		records.Dialled:         byAgent("为 %s 拨打市民电话", "The citizen is dialled for %s"),
		records.NotReached:      says("市民没有接听", "The citizen was not reached"),
		records.GivenUp:         says("多次拨打未接通，回拨终止", "The last attempt to call back has failed"),
		records.Returned:        endedBy("市民又来电，接回原来的位置", "The citizen rang again and has the old place"),
		records.Adopted:         says("原节点故障，由另一节点接管", "Its node was lost; another goes on"),
		records.TalkEnded:       endedBy("服务结束", "The talk ended"),
		records.WrapExtended:    byAgent("%s 延长了话后整理", "%s asked for more time to write"),
		records.Ended:           endedBy("全部结束", "All is over"),
	}
}

func says(zh, en string) teller {
	return func(records.Event) sentence { return sentence{zh, en} }
}

func byAgent(zh, en string) teller {
	return func(e records.Event) sentence {
		return sentence{fmt.Sprintf(zh, who(e.Agent, "坐席")), fmt.Sprintf(en, who(e.Agent, "the agent"))}
	}
}

func who(agent contact.AgentID, nobody string) string {
	if agent == "" {
		return nobody
	}
	return string(agent)
}

func endedBy(zh, en string) teller {
	return func(e records.Event) sentence { return sentence{zh, en}.and(wordAfter(e.Detail)) }
}

// wordAfter is the detail in words, after a colon.
func wordAfter(detail string) sentence {
	if detail == "" {
		return sentence{}
	}
	w := word(detail)
	return sentence{"：" + w.ZH, ": " + w.EN}
}

func queued(zh, en string) teller {
	return func(e records.Event) sentence {
		s := sentence{zh, en}
		if q := e.Facts[records.FactQueue]; q != "" {
			s = s.and(sentence{" " + q, " " + q})
		}
		if l := e.Facts[records.FactLine]; l != "" {
			s = s.and(sentence{"（线路 " + l + "）", " of line " + l})
		}
		if b := e.Facts[records.FactBuckets]; b != "" {
			w := bucketWords(b)
			s = s.and(sentence{"；先在 " + w.ZH + " 中等待", "; waits in " + w.EN})
		}
		return s.and(steps(e.Facts[records.FactSteps])).and(rank(e)).and(rules(e.Facts[records.FactTrail]))
	}
}

// steps reads 15000:general,en;60000:general!2.
func steps(list string) sentence {
	var s sentence
	for step := range strings.SplitSeq(list, ";") {
		after, buckets, ok := strings.Cut(step, ":")
		if !ok {
			continue
		}
		w, t := bucketWords(buckets), span(after)
		s = s.and(sentence{"；满 " + t.ZH + "再加 " + w.ZH, "; after " + t.EN + " in " + w.EN + " too"})
	}
	return s
}

func rank(e records.Event) sentence {
	var s sentence
	if band := e.Facts[records.FactBand]; band != "" && band != "0" {
		s = s.and(sentence{"；级别 " + band, "; band " + band})
	}
	if credit := e.Facts[records.FactCredit]; credit != "" && credit != "0" {
		t := span(credit)
		s = s.and(sentence{"；按早到 " + t.ZH + "排序", "; ordered as if " + t.EN + " earlier"})
	}
	return s
}

func rules(trail string) sentence {
	if trail == "" {
		return sentence{}
	}
	return sentence{"；依据：" + trail, "; by: " + trail}
}

func widened(e records.Event) sentence {
	w := bucketWords(e.Facts[records.FactAdded])
	return sentence{"还没有人接，扩大到 " + w.ZH, "Nobody yet: waits in " + w.EN + " too"}
}

func offered(e records.Event) sentence {
	f := e.Facts
	if f[records.FactBy] == "" {
		return byAgent("分给 %s", "Offered to %s")(e)
	}
	t, via := span(f[records.FactWaited]), bucketWords(f[records.FactVia])
	s := sentence{"等了 " + t.ZH, "Waited " + t.EN}
	switch routing.Meeting(f[records.FactBy]) {
	case routing.Assigned:
		return s.and(byAgent("；班长指定 %s 接待", "; a supervisor picked %s")(e))
	case routing.Freed:
		s = s.and(byAgent("；%s 空出来", "; %s became free")(e)).
			and(sentence{"，它在 " + via.ZH + " 中排第一", ", it was the first in " + via.EN})
		return s.and(busyWith(f)).and(behind(f))
	case routing.Entered:
		s = s.and(sentence{"；在 " + via.ZH + " 中排第一", "; first in " + via.EN})
		return s.and(idlest(e)).and(busyWith(f)).and(otherSeats(e))
	default:
		return s.and(byAgent("；分给 %s", "; offered to %s")(e))
	}
}

// idlest says why this seat: the first of its tier, free for the longest.
func idlest(e records.Event) sentence {
	t := span(e.Facts[records.FactIdle])
	s := byAgent("；%s 空闲最久", "; %s had been free the longest")(e)
	if tier := countIn(e.Facts, records.FactTier); tier > 0 {
		s = byAgent("；%s 在第 ", "; %s is the longest free of tier ")(e).
			and(sentence{fmt.Sprintf("%d 梯队空闲最久", tier+1), strconv.Itoa(tier + 1)})
	}
	return s.and(sentence{"（" + t.ZH + "）", " (" + t.EN + ")"})
}

func busyWith(f map[string]string) sentence {
	n := countIn(f, records.FactLoad)
	if n == 0 {
		return sentence{}
	}
	return sentence{fmt.Sprintf("，手上已有 %d 个同类诉求", n), fmt.Sprintf(", serving %d of its kind already", n)}
}

// otherSeats leaves the seat itself out, which may have room for more.
func otherSeats(e records.Event) sentence {
	f, n := e.Facts, countIn(e.Facts, records.FactOthers)
	if f[records.FactNext] == string(e.Agent) && n > 0 {
		f, n = nil, n-1
	}
	if n == 0 {
		return sentence{"，没有其他空闲座席", ", no other seat was free"}
	}
	s := sentence{fmt.Sprintf("，另有 %d 个空闲座席", n), fmt.Sprintf(", %d more seats were free", n)}
	return s.and(nextOf(f, "，下一位是 ", ", next would have been "))
}

func behind(f map[string]string) sentence {
	n := countIn(f, records.FactOthers)
	if n == 0 {
		return sentence{"，后面没有人等", ", nobody waits behind it"}
	}
	s := sentence{fmt.Sprintf("，后面还有 %d 个在等", n), fmt.Sprintf(", %d more wait behind it", n)}
	return s.and(nextOf(f, "，下一个是 ", ", next is "))
}

func nextOf(f map[string]string, zh, en string) sentence {
	n := f[records.FactNext]
	if n == "" {
		return sentence{}
	}
	return sentence{zh + n, en + n}
}

func offerEnded(e records.Event) sentence {
	return byAgent("%s 没有接", "%s did not take it")(e).and(wordAfter(reasonOf(e)))
}

func requeued(e records.Event) sentence {
	return sentence{"回到原来的位置继续等待", "Waits again at the old place"}.and(wordAfter(reasonOf(e)))
}

func reasonOf(e records.Event) string {
	if why := e.Facts[records.FactWhy]; why != "" {
		return why
	}
	return e.Detail
}

func countIn(f map[string]string, key string) int {
	n, err := strconv.Atoi(f[key])
	if err != nil {
		return 0
	}
	return n
}

// span is a duration in words; ms is in whole milliseconds.
func span(ms string) sentence {
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return sentence{"未知时间", "an unknown time"}
	}
	seconds := int64((time.Duration(n)*time.Millisecond + time.Second/2) / time.Second)
	if seconds < 60 {
		return sentence{fmt.Sprintf("%d 秒", seconds), fmt.Sprintf("%d s", seconds)}
	}
	if seconds%60 == 0 {
		return sentence{fmt.Sprintf("%d 分钟", seconds/60), fmt.Sprintf("%d min", seconds/60)}
	}
	return sentence{fmt.Sprintf("%d 分 %d 秒", seconds/60, seconds%60), fmt.Sprintf("%d min %d s", seconds/60, seconds%60)}
}

// bucketWords reads a list of buckets.
func bucketWords(list string) sentence {
	var zh, en []string
	for name := range strings.SplitSeq(list, ",") {
		w := bucketWord(routing.Bucket(name))
		zh, en = append(zh, w.ZH), append(en, w.EN)
	}
	return sentence{strings.Join(zh, "、"), strings.Join(en, ", ")}
}

func bucketWord(b routing.Bucket) sentence {
	if agent, ok := b.Seat(); ok {
		return sentence{"坐席 " + string(agent), "the seat of " + string(agent)}
	}
	if from, reserve, ok := b.Lender(); ok {
		return sentence{
			fmt.Sprintf("%s（借用，为其保留 %d 席）", from, reserve), fmt.Sprintf("%s (borrowed, %d seats kept free)", from, reserve),
		}
	}
	return sentence{string(b), string(b)}
}
