package node

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		started, draining bool
		load              int
		want              Health
		live, ready       int
	}{
		"starting":            {false, false, 0, Starting, 200, 503},
		"idle":                {true, false, 0, OK, 200, 200},
		"one below the limit": {true, false, 1, OK, 200, 200},
		"at the limit":        {true, false, 2, Full, 200, 503},
		"draining with calls": {true, true, 1, Draining, 200, 503},
		"draining when full":  {true, true, 2, Draining, 200, 503},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &health{limit: 2, load: func() int { return tt.load }}
			h.started.Store(tt.started)
			h.draining.Store(tt.draining)
			live, ready := httptest.NewRecorder(), httptest.NewRecorder()
			h.live(live, nil)
			h.ready(ready, nil)
			if h.now() != tt.want || live.Code != tt.live || ready.Code != tt.ready {
				t.Errorf("state %s, live %d, ready %d; want %s, %d, %d", h.now(), live.Code, ready.Code, tt.want, tt.live, tt.ready)
			}
			if !strings.Contains(ready.Body.String(), string(tt.want)) {
				t.Errorf("body %q does not name the state", ready.Body)
			}
		})
	}
}

func TestARedisThatIsAwayDegradesAndStaysReady(t *testing.T) {
	t.Parallel()
	away := true
	h := &health{limit: 2, load: func() int { return 1 }, away: func() bool { return away }}
	h.started.Store(true)
	for _, want := range []Health{Degraded, OK} {
		ready := httptest.NewRecorder()
		h.ready(ready, nil)
		if ready.Code != 200 || !strings.Contains(ready.Body.String(), `"`+string(want)+`"`) || h.now() != OK {
			t.Errorf("ready answers %d %s, want 200 %s", ready.Code, ready.Body, want)
		}
		away = false
	}
}
