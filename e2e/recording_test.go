package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
	"hotline/media/recorder"
	"hotline/media/tone"
	"hotline/node"
	"hotline/tickets"
)

// TestRecordingChannels: a call from a real phone to a real browser stands in one
// file, on the left what the citizen said, on the right what the citizen heard,
// from the greeting to the end.
func TestRecordingChannels(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "RFC 3550", "a whole call is recorded: the phone's tone on the left only, greeting and agent on the right only, in step with the phone's own dump")
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "RFC 3550", "the browser's tone is recorded as the citizen heard it, and never in the citizen's channel")
	folder := t.TempDir()
	c := start(&city{t: t, ui: browserDesk(t)}, tickets.SystemClock{}, func(cfg *node.Config) {
		cfg.Recordings = recorder.Config{Folder: folder, Enabled: true}
	})
	o := newOperator(t, 1004)
	o.signIn(c, "1001")
	citizen := gatewaytest.StartBaresip(t, c.dial("12345"), "13812345678", 600)
	o.do("it rings", visible("ring-banner"))
	o.click("answer")
	o.is("agent-state", "talking")
	for range 6 { // 2 s each
		o.hears(600)
	}
	o.click("hangup")
	o.is("agent-state", "wrapup")
	rest := c.supervisor()
	o.click("wrapup-finish")
	r := c.await(rest, "that ended", func(r record) bool { return !r.Ended.IsZero() })

	dump := citizen.Heard()
	file := awaitRecording(t, folder, r.Contact)
	said, heard := gatewaytest.ReadRecording(t, file)
	judgeFormat(t, file)
	judgeLength(t, len(said), len(dump), lasted(t, rest, r.Contact))
	judgeLeft(t, said)
	judgeRight(t, heard)
	inStep(t, heard, dump)
	playedBack(t, c, rest, r.Contact, file)
}

// awaitRecording waits for the finished file of a contact.
func awaitRecording(t *testing.T, folder, id string) string {
	t.Helper()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	limit := time.After(patience)
	for {
		if found, err := filepath.Glob(filepath.Join(folder, "*", id+".wav")); err == nil && len(found) == 1 {
			return found[0]
		}
		select {
		case <-every.C:
		case <-limit:
			t.Fatalf("no recording of %s", id)
		}
	}
}

// judgeFormat asks sox what the file is.
func judgeFormat(t *testing.T, file string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "soxi", file).CombinedOutput()
	if err != nil {
		t.Fatalf("soxi: %v\n%s", err, out)
	}
	fields := strings.Join(strings.Fields(string(out)), " ")
	for _, want := range []string{"Channels : 2", "Sample Rate : 8000", "Sample Encoding: 8-bit A-law"} {
		if !strings.Contains(fields, want) {
			t.Errorf("soxi says %q, want %q", fields, want)
		}
	}
}

// lasted is how long a call took by its record.
func lasted(t *testing.T, rest *headless.REST, id string) time.Duration {
	t.Helper()
	var c struct {
		Record struct {
			Accepted  time.Time `json:"accepted"`
			TalkEnded time.Time `json:"talk_ended"`
			Recording bool      `json:"recording"`
		} `json:"record"`
	}
	if err := rest.Call(t.Context(), "GET", "/contacts/"+id, nil, &c); err != nil {
		t.Fatal(err)
	}
	if !c.Record.Recording {
		t.Error("the record knows of no recording")
	}
	return c.Record.TalkEnded.Sub(c.Record.Accepted)
}

// judgeLength compares with the record, whose talk ends a little before the leg,
// and with what the phone wrote down of the same call: its dump begins with the
// first packet and lacks what its buffer held at the end.
func judgeLength(t *testing.T, samples, dump int, talk time.Duration) {
	t.Helper()
	const second = 8000.0
	recorded, phone := float64(samples)/second, float64(dump)/second
	t.Logf("%.2f s are recorded of %s, the phone heard %.2f s", recorded, talk, phone)
	one := recorded / 100
	if recorded < phone-one || recorded > phone+one+0.3 || recorded < talk.Seconds()-one || recorded > talk.Seconds()+one+1 {
		t.Errorf("%.2f s are recorded of %s, the phone heard %.2f s", recorded, talk, phone)
	}
}

// halfSeconds counts those of a channel that hold a tone.
func halfSeconds(samples []int16, hz float64) (n int) {
	const half = 4000
	for at := 0; at+half <= len(samples); at += half {
		if tone.Hears(samples[at:at+half], hz) {
			n++
		}
	}
	return n
}

func judgeLeft(t *testing.T, said []int16) {
	t.Helper()
	all := len(said) / 4000
	if n := halfSeconds(said, 600); n < all*9/10 {
		t.Errorf("the citizen is in %d half seconds of %d", n, all)
	}
	if n := halfSeconds(said, 1004); n > 0 {
		t.Errorf("the agent is in %d half seconds of what the citizen said", n)
	}
}

func judgeRight(t *testing.T, heard []int16) {
	t.Helper()
	const second = 8000
	for at := second / 2; at < 5*second; at += second { // the greeting takes 6 s
		if part := heard[at : at+second]; tone.Power(part) < 1e-4 || tone.Hears(part, 1004) {
			t.Errorf("at %d s there is no greeting: power %.1g", at/second, tone.Power(part))
		}
	}
	if n := halfSeconds(heard[6*second:], 1004); n < 6 {
		t.Errorf("the agent is in %d half seconds, want 6 or more", n)
	}
	if n := halfSeconds(heard, 600); n > 0 {
		t.Errorf("the citizen is in %d half seconds of what they heard", n)
	}
}

// inStep finds the agent's first tone in the recording and in the phone's dump.
func inStep(t *testing.T, heard, dump []int16) {
	t.Helper()
	a, b := onset(heard, 1004), onset(dump, 1004)
	if a < 0 || b < 0 || math.Abs(float64(a-b)) > 1200 {
		t.Errorf("the agent begins at sample %d, in the phone's dump at %d", a, b)
	}
	t.Logf("the agent begins %d ms into the recording, %d ms into the phone's dump", a/8, b/8)
}

// onset is where a tone begins, to 20 ms; -1 for nowhere.
func onset(samples []int16, hz float64) int {
	const window, hop = 800, 160
	for at := 0; at+window <= len(samples); at += hop {
		if tone.Hears(samples[at:at+window], hz) {
			return at
		}
	}
	return -1
}

// playedBack fetches the recording as a supervisor does.
func playedBack(t *testing.T, c *city, rest *headless.REST, id, file string) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url()+"/api/v1/contacts/"+id+"/recording", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: "__Host-hotline", Value: rest.Token()})
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(got, want) {
		t.Errorf("status %d, %d octets, %v; want %d", resp.StatusCode, len(got), err, len(want))
	}
}

// TestRecordingSurvivesItsNode: kill −9 of a node in the middle of a call. The next
// life of the node names the file, which plays to its end, and ends the contact.
func TestRecordingSurvivesItsNode(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "RFC 3550", "the node is killed in a call: the recording plays to within a second of its end, the contact ends as lost with its node")
	binary, data := filepath.Join(t.TempDir(), "hotline"), t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../cmd/hotline").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	first := startProcess(t, binary, data)
	gatewaytest.StartBaresip(t, first.dial("12345"), "13812345678", 600)
	waiting := first.await(first.supervisor(), "that waits", func(r record) bool { return r.Ended.IsZero() })
	open := filepath.Join(data, "recordings", "*", waiting.Contact+".wav.open")
	lasted := recordedFor(t, open, 3*time.Second)
	first.kill()

	second := startProcess(t, binary, data)
	rest := second.supervisor()
	ended := second.await(rest, "that was lost", func(r record) bool { return r.Contact == waiting.Contact && !r.Ended.IsZero() })
	if ended.Cause != "node_lost" {
		t.Errorf("record %+v", ended)
	}
	file := awaitRecording(t, filepath.Join(data, "recordings"), waiting.Contact)
	said, heard := gatewaytest.ReadRecording(t, file)
	if seconds := float64(len(said)) / 8000; math.Abs(seconds-lasted.Seconds()) > 1 {
		t.Errorf("%.2f s play of %s", seconds, lasted)
	}
	if halfSeconds(said, 600) < 4 || tone.Power(heard[8000:16000]) < 1e-4 {
		t.Errorf("the citizen is in %d half seconds, the greeting has power %.1g", halfSeconds(said, 600), tone.Power(heard[8000:16000]))
	}
	playedBack(t, &second.city, rest, waiting.Contact, file)
}

// recordedFor waits until a recording has gone on for that long, by its file's
// beginning, and returns how long it has.
func recordedFor(t *testing.T, pattern string, least time.Duration) time.Duration {
	t.Helper()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	limit := time.After(patience)
	var began time.Time
	for {
		if found, err := filepath.Glob(pattern); err == nil && len(found) == 1 && began.IsZero() {
			began = time.Now()
		}
		if !began.IsZero() && time.Since(began) >= least {
			return time.Since(began)
		}
		select {
		case <-every.C:
		case <-limit:
			t.Fatal("nothing is recorded")
		}
	}
}

// process is a node of its own, to be killed.
type process struct {
	city

	cmd *exec.Cmd
}

func startProcess(t *testing.T, binary, data string) *process {
	t.Helper()
	file := filepath.Join(data, "hotline.yaml")
	text := fmt.Sprintf(`node: { name: killed, data: %[1]s }
http: { listen: "127.0.0.1:0", admin: "127.0.0.1:0" }
database: { url: "sqlite:%[1]s/hotline.db" }
sip:
  udp: 127.0.0.1:0
  tcp: 127.0.0.1:0
  area_code: "010"
  trunks: [{ name: carrier, addresses: [127.0.0.0/8], media: [127.0.0.0/8] }]
rtp: { port_min: 0, port_max: 0 }
webrtc: { listen: "127.0.0.1:0" }
lines: [{ name: citizen, title: { zh: 市民热线, en: "Citizens' line" }, skill: general, greeting: greeting, numbers: ["12345"] }]
people: { accounts: [{ id: "2001", name: 班长, role: supervisor, password: %[2]s }] }
`, data, password("2001"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return launch(t, binary, file)
}

// launch runs a node by its configuration.
func launch(t *testing.T, binary, file string) *process {
	t.Helper()
	p := &process{city: city{t: t}, cmd: exec.CommandContext(context.Background(), binary, "serve", "--config", file)}
	logs, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	p.read(logs)
	return p
}

// read waits for the line that tells the addresses, and reads on.
func (p *process) read(logs io.Reader) {
	p.t.Helper()
	lines := bufio.NewScanner(logs)
	var said strings.Builder
	for lines.Scan() {
		var line struct {
			Msg       string
			HTTP, SIP netip.AddrPort
		}
		said.WriteString(lines.Text() + "\n")
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "node ready" {
			p.at.HTTP, p.at.SIP = line.HTTP, line.SIP
			go func() { _, _ = io.Copy(io.Discard, logs) }()
			return
		}
	}
	p.t.Fatalf("the node did not start:\n%s", said.String())
}

// kill is kill −9. Safe to call twice.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}
