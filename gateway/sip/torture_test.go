package sip

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The messages of RFC 4475, each to a node of its own line: none may stop it,
// and where the RFC names one answer, that is ours.
func TestRFC4475(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"badvers": "505", "bext01": "420", "invut": "415", "mismatch01": "400", "mismatch02": "",
		"multi01": "400", "sdp01": "406", "unkscm": "416", "zeromf": "483", "insuf": "400", "mcl01": "400",
	}
	files, err := filepath.Glob("testdata/rfc4475/*.dat")
	if err != nil || len(files) < 49 {
		t.Fatalf("%d messages, %v", len(files), err)
	}
	for _, file := range files {
		n := startNode(t, pickUp) // several messages have one branch
		message, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := newPeer(t, n.Addrs().UDP)
		// The answer must come to us, not to the port in the message's Via.
		p.send([]byte(strings.Replace(string(message), ";branch=", ";rport;branch=", 1)))
		name := strings.TrimSuffix(filepath.Base(file), ".dat")
		if code := want[name]; code != "" {
			if m := p.receive(2 * time.Second); !strings.HasPrefix(m, "SIP/2.0 "+code) {
				t.Errorf("%s: answered %q, want %s", name, firstLine(m), code)
			}
		}
		live := newPeer(t, n.Addrs().UDP)
		live.send(live.message("OPTIONS", "live"+name, "live"+name, "", "", ""))
		live.expect("SIP/2.0 200")
	}
}

func firstLine(m string) string {
	line, _, _ := strings.Cut(m, "\r\n")
	return line
}
