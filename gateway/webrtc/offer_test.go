package webrtc

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// chromium is an offer of Chromium, recorded 2026-11 with the page in testdata.
func chromium(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/chromium-offer.sdp")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n", "\r\n")
}

func TestReadOffer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		old, new string // replaced in Chromium's offer
		want     string // of the error; empty is well
	}{
		"as Chromium sends it":     {"", "", ""},
		"no audio":                 {"m=audio 39380", "m=audio 0", "m-line: no audio"},
		"video instead":            {"m=audio", "m=video", "m-line 1"},
		"data beside it":           {"a=rtcp-mux\r\n", "a=rtcp-mux\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", "m-line 2"},
		"refused video beside it":  {"a=rtcp-mux\r\n", "a=rtcp-mux\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n", ""},
		"no G.711":                 {" 0 8 126", " 111", "PCMA"},
		"listens only":             {"a=sendrecv", "a=recvonly", "direction"},
		"no user fragment":         {"a=ice-ufrag:", "a=x-ufrag:", "ice-ufrag: missing"},
		"no password":              {"a=ice-pwd:", "a=x-pwd:", "ice-pwd: missing"},
		"no fingerprint":           {"a=fingerprint:", "a=x-fingerprint:", "fingerprint: missing"},
		"weak fingerprint":         {"a=fingerprint:sha-256", "a=fingerprint:sha-1", "fingerprint: want sha-256"},
		"no setup":                 {"a=setup:", "a=x-setup:", "setup: missing"},
		"would be the server":      {"a=setup:actpass", "a=setup:passive", "setup: want"},
		"no multiplexing":          {"a=rtcp-mux\r\n", "", "rtcp-mux: missing"},
		"no mid":                   {"a=mid:", "a=x-mid:", "mid: missing"},
		"not a session at all":     {"v=0", "hello", "session description"},
		"far too long":             {"s=-", "s=" + strings.Repeat("x", maxOffer), "longer than"},
		"errors repeat no secrets": {"a=setup:actpass", "a=setup:" + strings.Repeat("s", 1000), "sss…"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			offer := chromium(t)
			if !strings.Contains(offer, tt.old) {
				t.Fatalf("the fixture has no %q", tt.old)
			}
			who, err := readOffer(strings.Replace(offer, tt.old, tt.new, 1))
			if tt.want == "" {
				if err != nil || who.session == 0 || !strings.HasPrefix(who.fingerprint, "sha-256 ") {
					t.Errorf("%+v, %v", who, err)
				}
				return
			}
			if !errors.Is(err, ErrOffer) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %q", err, tt.want)
			}
		})
	}
}

// Chromium lists PCMU first; the trunk speaks A-law, so the answer turns it round.
func TestAnswerPrefersALaw(t *testing.T) {
	t.Parallel()
	answer, err := newGateway(t, loopback()).Seat("1001").Answer(t.Context(), 1, chromium(t))
	if err != nil || !strings.Contains(answer, "UDP/TLS/RTP/SAVPF 8 0 126\r\n") {
		t.Errorf("%v\n%s", err, answer)
	}
}

// What readOffer lets through and pion cannot use is an error too, and the
// seat goes on.
func TestAnswerOfWhatPionRefuses(t *testing.T) {
	t.Parallel()
	s := newGateway(t, loopback()).Seat("1001")
	offer := strings.Replace(chromium(t), "a=extmap:1 ", "a=extmap:0 ", 1)
	if _, err := s.Answer(t.Context(), 1, offer); !errors.Is(err, ErrOffer) {
		t.Errorf("err = %v", err)
	}
	newBrowser(t).connect(s, 2)
}

func FuzzReadOffer(f *testing.F) {
	f.Add(chromium(f))
	f.Add("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8\r\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, offer string) {
		who, err := readOffer(offer)
		if err != nil && !errors.Is(err, ErrOffer) {
			t.Fatalf("not an ErrOffer: %v", err)
		}
		if err == nil && who.fingerprint == "" {
			t.Fatal("accepted without a fingerprint")
		}
	})
}

// FuzzAnswer goes on into pion: nothing that a browser sends may panic.
func FuzzAnswer(f *testing.F) {
	f.Add(chromium(f))
	g := newGateway(f, loopback())
	gen := 0
	f.Fuzz(func(t *testing.T, offer string) {
		gen++
		_, _ = g.Seat("1001").Answer(t.Context(), gen, offer)
		g.Forget("1001")
	})
}
