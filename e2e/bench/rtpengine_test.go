package main

import (
	"net/netip"
	"strings"
	"testing"
)

func TestReadAnswer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		bad  string
	}{
		"pong":             {"d6:result4:ponge", ""},
		"ok":               {"d6:result2:ok3:sdp3:v=0e", ""},
		"error":            {"d12:error-reason12:Unknown call6:result5:errore", "Unknown call"},
		"no dictionary":    {"le", "not a dictionary"},
		"no bencode":       {"zzz", "not bencode"},
		"result of no use": {"d6:resulti1ee", "rtpengine"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readAnswer([]byte(tt.text))
			if (err == nil) != (tt.bad == "") || err != nil && !strings.Contains(err.Error(), tt.bad) {
				t.Errorf("err = %v, want %q", err, tt.bad)
			}
		})
	}
}

func TestSDPAddress(t *testing.T) {
	t.Parallel()
	at := netip.MustParseAddrPort("127.0.0.1:4000")
	if got, err := sdpAddress(trunkSDP(at)); err != nil || got != at {
		t.Errorf("%v, %v", got, err)
	}
	for name, sdp := range map[string]string{
		"nothing": "", "no port": "c=IN IP4 127.0.0.1\r\n", "no address": "m=audio 4000 RTP/AVP 8\r\n",
		"a name": "c=IN IP4 host\r\nm=audio 4000 RTP/AVP 8\r\n",
	} {
		if got, err := sdpAddress(sdp); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
