package sip

import "testing"

func TestReleased(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		said string
		want int
	}{
		"none":            {"Subject: x", 0},
		"alone":           {"Reason: Q.850;cause=16", 16},
		"with text":       {`Reason: Q.850 ;cause=31 ;text="Normal, unspecified"`, 31},
		"after SIP":       {`Reason: SIP;cause=487;text="Request Terminated",Q.850;cause=102`, 102},
		"second header":   {"Reason: SIP;cause=200\nReason: q.850;text=x;Cause=1", 1},
		"only SIP":        {"Reason: SIP;cause=200", 0},
		"beyond 7 bits":   {"Reason: Q.850;cause=128", 0},
		"no number":       {"Reason: Q.850;cause=busy", 0},
		"without a cause": {"Reason: Q.850", 0},
		"empty":           {"Reason:", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := released(said(tt.said)); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}
