package sip

import (
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// said is a message with the headers of a text.
func said(text string) message {
	req := sip.NewRequest(sip.OPTIONS, sip.Uri{Scheme: "sip", Host: "h"})
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		req.AppendHeader(sip.NewHeader(name, strings.TrimSpace(value)))
	}
	return req
}

func TestWish(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		said string
		want wish
	}{
		"nothing":         {"Subject: x", wish{}},
		"all":             {"Supported: 100rel, TIMER\nSession-Expires: 1800;refresher=uas\nMin-SE: 90", wish{1800 * time.Second, 90 * time.Second, "uas", true}},
		"compact":         {"k: timer\nx: 600 ; Refresher=UAC", wish{600 * time.Second, 0, "uac", true}},
		"required":        {"Require: timer\nSession-Expires: 90", wish{90 * time.Second, 0, "", true}},
		"several headers": {"Supported: replaces\nSupported: timer", wish{0, 0, "", true}},
		"no number":       {"Session-Expires: soon;refresher=uas\nMin-SE: -3", wish{0, 0, "uas", false}},
		"beyond a day":    {"Session-Expires: 4294967295", wish{maxExpires, 0, "", false}},
		"generic Min-SE":  {"Min-SE: 120;x=y", wish{0, 120 * time.Second, "", false}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := wishOf(said(tt.said)); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

// RFC 4028 §9, table 2: who refreshes, how often.
func TestGrant(t *testing.T) {
	t.Parallel()
	const own, floor = 30 * time.Minute, 90 * time.Second
	tests := map[string]struct {
		wish wish
		own  time.Duration
		want terms
		ok   bool
	}{
		"knows no timers":                          {wish{}, own, terms{}, true},
		"knows them, asks for nothing":             {wish{supported: true}, own, terms{own, true}, true},
		"the same, with a larger Min-SE":           {wish{supported: true, min: time.Hour}, own, terms{time.Hour, true}, true},
		"wants to refresh":                         {wish{10 * time.Minute, 0, "uac", true}, own, terms{10 * time.Minute, false}, true},
		"wants us to":                              {wish{10 * time.Minute, 0, "uas", true}, own, terms{10 * time.Minute, true}, true},
		"leaves it to us":                          {wish{10 * time.Minute, 0, "", true}, own, terms{10 * time.Minute, true}, true},
		"asked for by a proxy":                     {wish{10 * time.Minute, 0, "", false}, own, terms{10 * time.Minute, true}, true},
		"proxy, not to be refreshed by who cannot": {wish{10 * time.Minute, 0, "uac", false}, own, terms{10 * time.Minute, true}, true},
		"longer than ours":                         {wish{2 * time.Hour, 0, "uac", true}, own, terms{own, false}, true},
		"longer than ours, with Min-SE":            {wish{2 * time.Hour, time.Hour, "uac", true}, own, terms{time.Hour, false}, true},
		"too small":                                {wish{30 * time.Second, 0, "", true}, own, terms{}, false},
		"too small, of a proxy":                    {wish{30 * time.Second, 0, "", false}, own, terms{}, true},
		"the smallest":                             {wish{floor, floor, "", true}, own, terms{floor, true}, true},
		"off here":                                 {wish{30 * time.Second, 0, "uas", true}, 0, terms{}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, ok := grant(tt.wish, tt.own, floor); got != tt.want || ok != tt.ok {
				t.Errorf("%+v, %t; want %+v, %t", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestGranted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		wish wish
		want terms
	}{
		"nothing":         {wish{}, terms{}},
		"we refresh":      {wish{expires: time.Hour, refresher: "uac"}, terms{time.Hour, true}},
		"they refresh":    {wish{expires: time.Hour, refresher: "uas"}, terms{time.Hour, false}},
		"they do not say": {wish{expires: time.Hour}, terms{time.Hour, true}},
		"absurdly often":  {wish{expires: time.Second, refresher: "uac"}, terms{minSE, true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := granted(tt.wish, minSE); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestTermsInOurAnswer(t *testing.T) {
	t.Parallel()
	for want, tt := range map[string]terms{
		"":                                     {},
		"Session-Expires: 1800;refresher=uas|": {expires: 30 * time.Minute, ours: true},
		"Require: timer|Session-Expires: 90;refresher=uac|": {expires: minSE},
	} {
		got := ""
		for _, h := range tt.headers() {
			got += h[0] + ": " + h[1] + "|"
		}
		if got != want {
			t.Errorf("%+v says %q, want %q", tt, got, want)
		}
	}
}

// After a glare the maker of the Call-ID waits longer than the other ever does.
func TestAfterGlare(t *testing.T) {
	t.Parallel()
	for range 1000 {
		if d := afterGlare(true); d < 2100*time.Millisecond || d > 4*time.Second {
			t.Fatalf("our Call-ID: %v", d)
		}
		if d := afterGlare(false); d < 0 || d > 2*time.Second {
			t.Fatalf("their Call-ID: %v", d)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	var k clock
	k.again(time.Second) // does not run: nothing to put off
	if k.due() != nil || k.over() != nil {
		t.Error("a clock runs that was never set")
	}
	k.set(terms{expires: 30 * time.Millisecond, ours: true})
	<-k.due() // at half
	<-k.over()
	k.set(terms{expires: time.Hour})
	if k.due() != nil || k.over() == nil {
		t.Error("they refresh: only the end is ours to watch")
	}
	k.set(terms{})
	if k.over() != nil || k.expires != 0 {
		t.Error("the clock still runs")
	}
}

func FuzzWish(f *testing.F) {
	f.Add("1800;refresher=uas", "90", "timer, 100rel")
	f.Add("4294967296;refresher", ";", ",,")
	f.Fuzz(func(t *testing.T, expires, minimum, supported string) {
		req := sip.NewRequest(sip.INVITE, sip.Uri{})
		req.AppendHeader(sip.NewHeader("Session-Expires", expires))
		req.AppendHeader(sip.NewHeader("Min-SE", minimum))
		req.AppendHeader(sip.NewHeader("Supported", supported))
		got, ok := grant(wishOf(req), time.Hour, minSE)
		if got.expires != 0 && (got.expires < minSE || got.expires > maxExpires || !ok) {
			t.Fatalf("granted %+v, %t", got, ok)
		}
	})
}
