package gatewaytest

import (
	"encoding/json"
	"os"
	"testing"
)

// Peer is a program of others that judges us.
type Peer string

// The peers.
const (
	PeerSIPp       Peer = "SIPp"
	PeerBaresip    Peer = "baresip"
	PeerKamailio   Peer = "Kamailio"
	PeerChromium   Peer = "Chromium"
	PeerRTPEngine  Peer = "rtpengine"
	PeerRawSockets Peer = "raw sockets" // our own bytes, where no program misbehaves that way
)

// Trial is one line of docs/conformance.md.
type Trial struct {
	Peer   Peer   `json:"peer"`
	Clause string `json:"clause"` // such as "RFC 3261 §9.1"
	What   string `json:"what"`   // what was tried and what had to come of it
	Test   string `json:"test"`
}

// trialsFile names the file, in the environment, that collects the trials. It
// is no setting of the node, which refuses names that begin with HOTLINE_ and
// that it does not know.
const trialsFile = "CONFORMANCE_TRIALS"

// Tried writes down, once the test has passed, that this behaviour was tried
// with that peer. docs/conformance.md is made from what passed. Without a file
// to write to it does nothing.
func Tried(t *testing.T, peer Peer, clause, what string) {
	t.Helper()
	path := os.Getenv(trialsFile)
	if path == "" {
		return
	}
	t.Cleanup(func() {
		if t.Failed() || t.Skipped() {
			return
		}
		if err := appendTrial(path, Trial{peer, clause, what, t.Name()}); err != nil {
			t.Errorf("write the trial down: %v", err)
		}
	})
}

// appendTrial adds one line; short appends of several processes do not mix.
func appendTrial(path string, trial Trial) error {
	line, err := json.Marshal(trial)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}
