package desk_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/audit"
	"hotline/contact"
	"hotline/desk"
	"hotline/media"
	"hotline/records"
)

// shelf is where a world's recordings come to stand.
type shelf struct{ desk.Recordings }

// tapes is a folder of recordings.
type tapes struct{ root *os.Root }

func newTapes(t *testing.T, files map[string]string) tapes {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return tapes{root}
}

// Open implements desk.Recordings.
func (r tapes) Open(name string) (*os.File, error) { return r.root.Open(name) }

const (
	taped   contact.ID = "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5"
	untaped contact.ID = "01JDG3Z4V7Q8W9X0Y1Z2A3B4C6"
	wiped   contact.ID = "01JDG3Z4V7Q8W9X0Y1Z2A3B4C7"
	escaped contact.ID = "01JDG3Z4V7Q8W9X0Y1Z2A3B4C8"
	unknown contact.ID = "01JDG3Z4V7Q8W9X0Y1Z2A3B4C9"
)

// tapedWorld has one contact with a recording, and others.
func tapedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.tapes.Recordings = newTapes(t, map[string]string{"it.wav": "0123456789"})
	began := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for id, name := range map[contact.ID]string{taped: "it.wav", untaped: "", wiped: "gone.wav", escaped: "../../../../../../etc/passwd"} {
		w.archive.all = append(w.archive.all, records.Record{
			Contact: id, Channel: contact.Phone, Accepted: began, Ended: began.Add(time.Minute), Cause: contact.CitizenEnded, Recording: name,
		})
	}
	return w
}

func TestRecordingIsPlayed(t *testing.T) {
	t.Parallel()
	w := tapedWorld(t)
	tests := map[string]struct {
		account string
		id      contact.ID
		bytes   string // of a Range header
		status  int
		body    string // of a success
	}{
		"a supervisor":        {"2001", taped, "", 200, "0123456789"},
		"a part":              {"2001", taped, "bytes=3-5", 206, "345"},
		"an administrator":    {"9001", taped, "", 200, "0123456789"},
		"an agent":            {"1001", taped, "", 403, ""},
		"nobody":              {"", taped, "", 401, ""},
		"not recorded":        {"2001", untaped, "", 404, ""},
		"gone from the disk":  {"2001", wiped, "", 404, ""},
		"a name that escapes": {"2001", escaped, "", 503, ""},
		"an unknown contact":  {"2001", unknown, "", 404, ""},
		"no contact":          {"2001", "x", "", 404, ""},
	}
	played := 0
	for name, tt := range tests {
		a := ask{method: "GET", path: "/api/v1/contacts/" + string(tt.id) + "/recording", header: http.Header{}}
		if tt.account != "" {
			a.token = w.signIn(tt.account).Token()
		}
		if tt.bytes != "" {
			a.header.Set("Range", tt.bytes)
		}
		r := w.send(t, a)
		if r.status != tt.status || tt.body != "" && r.body != tt.body {
			t.Errorf("%s: %d %q, want %d %q", name, r.status, r.body, tt.status, tt.body)
		}
		if tt.body == "" {
			continue
		}
		played++
		if r.header.Get("Content-Type") != "audio/wav" || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", name, r.header)
		}
	}
	looks := 0
	for _, e := range w.looks.all {
		if e.Action == audit.RecordingPlayed && e.ID == string(taped) {
			looks++
		}
	}
	if looks != played {
		t.Errorf("%d looks in the audit, want %d", looks, played)
	}
}

// TestNoAuditNoRecording: a look that cannot be written down is refused.
func TestNoAuditNoRecording(t *testing.T) {
	t.Parallel()
	w := tapedWorld(t)
	token := w.signIn("2001").Token()
	w.looks.mu.Lock()
	w.looks.fail = errors.New("audit is away")
	w.looks.mu.Unlock()
	if r := w.send(t, ask{method: "GET", path: "/api/v1/contacts/" + string(taped) + "/recording", token: token}); r.status != 503 || r.body == "0123456789" {
		t.Errorf("%d %q", r.status, r.body)
	}
}

func TestRecordTellsOfItsAudio(t *testing.T) {
	t.Parallel()
	w := tapedWorld(t)
	for i := range w.archive.all {
		if r := &w.archive.all[i]; r.Contact == taped {
			r.FromCitizen = media.Quality{Loss: 0.02, Jitter: 12345 * time.Microsecond, Delay: 80 * time.Millisecond, MOS: 4.1}
		}
	}
	w.archive.all = append(w.archive.all, records.Record{Contact: unknown, Channel: contact.Phone, Accepted: time.Now(), Recording: "still.wav"})
	token := w.signIn("2001").Token()
	type direction struct {
		Loss  float64 `json:"loss"`
		JMS   float64 `json:"jitter_ms"`
		Delay float64 `json:"delay_ms"`
		MOS   float64 `json:"mos"`
	}
	type audio struct {
		Recording   *bool      `json:"recording"`
		FromCitizen *direction `json:"from_citizen"`
		FromAgent   *direction `json:"from_agent"`
	}
	yes, no := true, false
	for id, want := range map[contact.ID]audio{
		taped:   {Recording: &yes, FromCitizen: &direction{0.02, 12.3, 80, 4.1}},
		untaped: {Recording: &no},
		unknown: {Recording: &no}, // it goes on
	} {
		var got struct{ Record audio }
		if err := json.Unmarshal([]byte(w.send(t, ask{method: "GET", path: "/api/v1/contacts/" + string(id), token: token}).body), &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got.Record); d != "" {
			t.Errorf("%s (-want +got):\n%s", id, d)
		}
	}
}
