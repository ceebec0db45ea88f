package gatewaytest

import (
	"encoding/binary"
	"os/exec"
	"testing"
)

// ReadRecording lets sox read a recording: what the citizen said and what the
// citizen heard, 8 kHz.
func ReadRecording(t testing.TB, file string) (said, heard []int16) {
	t.Helper()
	raw, err := exec.CommandContext(t.Context(), "sox", file, "-t", "raw", "-e", "signed-integer", "-b", "16", "-L", "-").Output()
	if err != nil {
		t.Fatalf("sox %s: %v", file, err)
	}
	for ; len(raw) >= 4; raw = raw[4:] {
		said = append(said, int16(binary.LittleEndian.Uint16(raw)))
		heard = append(heard, int16(binary.LittleEndian.Uint16(raw[2:])))
	}
	return said, heard
}
