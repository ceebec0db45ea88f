package sip

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// timerOption is the option tag of session timers (RFC 4028 §7.1).
const timerOption = "timer"

// Who refreshes, seen from the request in which it is agreed (RFC 4028 §4).
const (
	refresherUAC = "uac"
	refresherUAS = "uas"
)

const (
	minSE      = 90 * time.Second // RFC 4028 §5: no shorter interval is legal
	maxExpires = 24 * time.Hour   // longer wishes are read as this
)

// wish is what a message says about the session timer.
type wish struct {
	expires   time.Duration // 0: nothing
	min       time.Duration // Min-SE; 0: nothing
	refresher string
	supported bool // Supported or Require: timer
}

func wishOf(m message) wish {
	var w wish
	if v := firstValue(m, "session-expires", "x"); v != "" {
		delta, params, _ := strings.Cut(v, ";")
		w.expires = seconds(delta)
		w.refresher = refresherOf(params)
	}
	delta, _, _ := strings.Cut(firstValue(m, "min-se"), ";")
	w.min = seconds(delta)
	for _, option := range append(tokens(m, "supported", "k"), tokens(m, "require")...) {
		w.supported = w.supported || option == timerOption
	}
	return w
}

// message is what requests and responses have in common.
type message interface {
	GetHeaders(name string) []sip.Header
}

// tokens of a list header under all its names, lower case.
func tokens(m message, names ...string) []string {
	var out []string
	for _, name := range names {
		for _, h := range m.GetHeaders(name) {
			for token := range strings.SplitSeq(h.Value(), ",") {
				if token = strings.ToLower(strings.TrimSpace(token)); token != "" {
					out = append(out, token)
				}
			}
		}
	}
	return out
}

func firstValue(m message, names ...string) string {
	for _, name := range names {
		if h := m.GetHeaders(name); len(h) > 0 {
			return h[0].Value()
		}
	}
	return ""
}

func seconds(v string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 32)
	if err != nil {
		return 0
	}
	return min(time.Duration(n)*time.Second, maxExpires)
}

func refresherOf(params string) string {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "refresher") {
			return strings.ToLower(strings.TrimSpace(value))
		}
	}
	return ""
}

// terms are what both ends agreed about the session timer.
type terms struct {
	expires time.Duration // 0: no timer
	ours    bool          // we refresh
}

// grant answers the wish of a request (RFC 4028 §9); false: its interval is
// below our floor. Own 0 keeps no timers. Who refreshes is us unless the peer
// wants to: a refresh of ours shows that the peer lives.
func grant(w wish, own, floor time.Duration) (terms, bool) {
	switch {
	case own == 0, w.expires == 0 && !w.supported:
		return terms{}, true
	case w.expires == 0:
		return terms{expires: max(own, w.min), ours: true}, true
	case w.expires < floor:
		return terms{}, !w.supported // who does not know timers knows no 422
	}
	return terms{
		expires: min(w.expires, max(own, w.min, floor)),
		ours:    !w.supported || w.refresher != refresherUAC,
	}, true
}

// granted reads the terms that a 2xx of theirs sets (RFC 4028 §7.2).
func granted(w wish, floor time.Duration) terms {
	if w.expires == 0 {
		return terms{}
	}
	return terms{expires: max(w.expires, floor), ours: w.refresher != refresherUAS}
}

// headers are what our 2xx says about the terms.
func (t terms) headers() [][2]string {
	switch {
	case t.expires == 0:
		return nil
	case t.ours:
		return [][2]string{{"Session-Expires", delta(t.expires) + ";refresher=" + refresherUAS}}
	}
	return [][2]string{
		{"Require", timerOption},
		{"Session-Expires", delta(t.expires) + ";refresher=" + refresherUAC},
	}
}

func delta(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// clock runs the terms: when to refresh, when to give the session up. The zero
// value does not run.
type clock struct {
	terms

	refresh, expire *time.Timer
}

// set starts anew: at an agreement, and at each refresh.
func (k *clock) set(t terms) {
	k.stop()
	k.terms = t
	if t.expires == 0 {
		return
	}
	// RFC 4028 §10: a BYE shortly before the end, whoever refreshes.
	k.expire = time.NewTimer(t.expires - min(32*time.Second, t.expires/3))
	if t.ours {
		k.refresh = time.NewTimer(t.expires / 2)
	}
}

// again puts the refresh off.
func (k *clock) again(after time.Duration) {
	if k.refresh != nil {
		k.refresh.Reset(after)
	}
}

func (k *clock) stop() {
	for _, t := range []*time.Timer{k.refresh, k.expire} {
		if t != nil {
			t.Stop()
		}
	}
	*k = clock{}
}

// due fires when we must refresh.
func (k *clock) due() <-chan time.Time { return fires(k.refresh) }

// over fires when the session has expired.
func (k *clock) over() <-chan time.Time { return fires(k.expire) }

func fires(t *time.Timer) <-chan time.Time {
	if t == nil {
		return nil
	}
	return t.C
}
