package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// show prints a line a citizen; an error when one was not served to the end.
func show(w io.Writer, all []outcome) error {
	_, _ = fmt.Fprintf(w, "\n%-14s %-7s %-14s %-9s %-18s %-20s %s\n",
		"citizen", "dialled", "answered", "talked", "heard", "ticket", "delivered to")
	failed := 0
	for _, o := range all {
		_, _ = fmt.Fprintln(w, o.line())
		if o.err != nil {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d citizens were not served to the end", failed, len(all))
	}
	_, _ = fmt.Fprintf(w, "\nall %d citizens: answered, talked, ticket delivered. 全部接通、通话、派单送达。\n", len(all))
	return nil
}

func (o outcome) line() string {
	number := o.number[:3] + "****" + o.number[7:]
	dialled, _, _ := strings.Cut(strings.TrimPrefix(o.target, "sip:"), "@")
	if o.err != nil {
		return fmt.Sprintf("%-14s %-7s FAILED: %v", number, dialled, o.err)
	}
	answered := fmt.Sprintf("by %s", o.agent)
	return fmt.Sprintf("%-14s %-7s %-14s %-9s %-18s %-20s %s",
		number, dialled, answered, o.talked.Round(100*time.Millisecond), o.ear(), o.ticket, o.unit)
}

// ear says what the citizen heard last: an agent's voice, or a headless one's tone.
func (o outcome) ear() string {
	if math.Abs(o.heard-agentHz) < 5 {
		return fmt.Sprintf("%.0f Hz (agent)", o.heard)
	}
	return fmt.Sprintf("%.0f Hz", o.heard)
}

// sampleForm is a ticket that an agent writes in the demo.
func sampleForm(i int) map[string]any {
	forms := []map[string]any{
		{
			"title": "工地夜间施工噪声", "content": "市民反映小区南侧工地夜间十一点后仍在施工,噪声扰民,希望尽快处理。",
			"item_code": "02.02.001", "category": "complaint", "nature": "help", "urgency": "normal",
			"lead_unit": "SUB-001", "deadline_class": "D7",
			"place": map[string]any{"address": "柳荫路 12 号南侧工地", "division_code": "990101001001"},
		},
		{
			"title": "家中暖气不热", "content": "市民反映家中室温不足十六度,已持续两天,家中有老人。",
			"item_code": "01.01.001", "category": "complaint", "nature": "help", "urgency": "urgent",
			"lead_unit": "SOE-001", "deadline_class": "H24",
			"place": map[string]any{"address": "云泉小区 3 号楼 402", "division_code": "990102001001"},
		},
	}
	form := forms[i%len(forms)]
	form["disposition"] = "dispatched"
	form["requester"] = map[string]any{"name": "陈女士", "kind": "natural", "reply_wanted": true}
	return form
}
