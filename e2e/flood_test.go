package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
	"hotline/gateway/phone"
	"hotline/media/prompt"
	"hotline/node"
)

const (
	// The flood, a second.
	strangeInvites, strangeJunk = 5000, 20000
	floodFor                    = 30 * time.Second
	// floodFloor is how much of that must really have been sent: the machine
	// has other work too.
	floodFloor = 0.8
	// floodRate is the trunk's new calls a second meanwhile.
	floodRate = 20
	// floodSetup is the p99 from a trunk's INVITE to its 200.
	floodSetup = 200 * time.Millisecond
)

// strange is what the stranger reports.
type strange struct {
	Invites  int     `json:"invites"`
	Junk     int     `json:"junk"`
	Seconds  float64 `json:"seconds"`
	Received int64   `json:"received"`
}

// TestStrangerFlood: an address that nobody configured sends 5,000 INVITEs and
// 20,000 datagrams of junk a second for half a minute. It gets not one octet. The
// trunk brings 20 calls a second all the while: each succeeds, as fast as ever,
// and in a talk that goes on not one packet of audio is lost.
func TestStrangerFlood(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerSIPp, "RFC 3261 §26.1", "a trunk's calls while a stranger floods the socket with INVITEs and junk: all succeed, set up as fast, no audio lost, nothing sent to the stranger")
	c := startCity(t, func(cfg *node.Config) {
		withPlainLine(cfg)
		cfg.SIP.Trunks[0].Addresses = []string{"127.0.0.1"} // the stranger has another
		cfg.SIP.Trunks[0].Rate, cfg.SIP.Trunks[0].Burst, cfg.SIP.Trunks[0].CPS = 2000, 4000, 500
	})
	agent := c.agent(headless.Options{Account: "1001", AnswerAfter: 10 * time.Millisecond, WrapUp: 10 * time.Millisecond, Play: prompt.Tone(agentHz, time.Second, 0.3).Linear()})
	talk := c.talkOn(t)
	flooded := startStranger(t, c.at.SIP.String())
	setups := c.timed(t, int(floodFor.Seconds())*floodRate, floodRate)
	s := flooded()
	citizen := hungUp(t, talk)
	s.judge(t)
	if p99 := setups[len(setups)*99/100]; p99 >= floodSetup {
		t.Errorf("a call of the trunk waited up to %v (p99) for its answer, want less than %v", p99, floodSetup)
	}
	t.Logf("the trunk set up %d calls: median %v, p99 %v, longest %v", len(setups), setups[len(setups)/2], setups[len(setups)*99/100], setups[len(setups)-1])
	heard := c.report(agent)
	if citizen.Lost > 0 || citizen.In < uint64(floodFor/(20*time.Millisecond)) {
		t.Errorf("the citizen in the talk lost %d of %d packets", citizen.Lost, citizen.In)
	}
	if heard.Lost > 0 || heard.Packets < uint64(floodFor/(20*time.Millisecond)) {
		t.Errorf("the agent in the talk lost %d of %d packets", heard.Lost, heard.Packets)
	}
	stopped := c.metric("hotline_gateway_sip_kernel_dropped_total") + c.metric(`hotline_gateway_sip_dropped_total{reason="stranger"}`)
	if sent := float64(s.Invites + s.Junk); stopped < sent {
		t.Errorf("%.0f datagrams of the stranger were counted, of %.0f", stopped, sent)
	}
}

// judge wants a real flood, and silence in return.
func (s strange) judge(t *testing.T) {
	t.Helper()
	rate := float64(s.Invites+s.Junk) / s.Seconds
	t.Logf("the stranger sent %.0f INVITEs and %.0f others a second for %.0f s", float64(s.Invites)/s.Seconds, float64(s.Junk)/s.Seconds, s.Seconds)
	if rate < floodFloor*(strangeInvites+strangeJunk) {
		t.Errorf("the stranger sent %.0f datagrams a second: that is no flood", rate)
	}
	if s.Received != 0 {
		t.Errorf("the stranger got %d octets", s.Received)
	}
}

// floodTalk is a call that goes on.
type floodTalk struct {
	phone *phone.Phone
	call  *phone.Call
}

// talkOn has a citizen talk to the agent, and both say something.
func (c *city) talkOn(t *testing.T) floodTalk {
	t.Helper()
	p, err := phone.New(t.Context(), c.dial(plainNumber), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	call, err := p.Place(t.Context(), phone.Options{Target: c.dial(plainNumber), From: "13812345678", Play: prompt.Tone(citizenHz, time.Second, 0.3)})
	if err != nil {
		t.Fatal(err)
	}
	c.await(c.supervisor(), "of the talk", connected)
	return floodTalk{p, call}
}

// hungUp ends a talk and tells what arrived at the citizen.
func hungUp(t *testing.T, talk floodTalk) (stats struct{ In, Lost uint64 }) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := talk.call.Hangup(ctx); err != nil {
		t.Error(err)
	}
	r, err := talk.call.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	stats.In, stats.Lost = r.Stats.In, r.Stats.Lost
	return stats
}

// startStranger lets a stranger loose, in a process of its own.
func startStranger(t *testing.T, victim string) (report func() strange) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "stranger")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "hotline/e2e/stranger").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, "-to", victim, "-for", floodFor.String(),
		"-invites", strconv.Itoa(strangeInvites), "-junk", strconv.Itoa(strangeJunk))
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() (s strange) {
		if err := cmd.Wait(); err != nil {
			t.Fatalf("stranger: %v\n%s", err, errs.String())
		}
		if err := json.Unmarshal([]byte(out.String()), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// timed plays calls of a trunk with SIPp and returns how long each INVITE
// waited for its 200, shortest first. A call that fails fails the test.
func (c *city) timed(t *testing.T, calls, rate int) []time.Duration {
	t.Helper()
	dir := t.TempDir()
	file, err := filepath.Abs(filepath.Join("testdata", "sipp", "timed.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	for i := range calls {
		fmt.Fprintf(&list, "139%08d;1500\n", i)
	}
	if err := os.WriteFile(filepath.Join(dir, "calls.csv"), []byte("SEQUENTIAL\n"+list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sipp", "-sf", file, "-inf", "calls.csv", "-m", strconv.Itoa(calls), "-r", strconv.Itoa(rate),
		"-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", strconv.Itoa(gatewaytest.FreePort(t)), "-mp", strconv.Itoa(gatewaytest.FreePort(t)),
		"-s", plainNumber, "-nostdin", "-timeout", "120s", "-timeout_error", "-trace_rtt", "-rtt_freq", "1", c.at.SIP.String())
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sipp: %v\n%s", err, out[max(0, len(out)-2000):])
	}
	all := rtts(t, dir)
	if len(all) != calls {
		t.Errorf("%d of %d calls were answered", len(all), calls)
	}
	return all
}

// rtts reads SIPp's own measurements.
func rtts(t *testing.T, dir string) []time.Duration {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_rtt.csv"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files of times, %v", len(files), err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var out []time.Duration
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), ";")
		if len(fields) < 2 {
			continue
		}
		if ms, err := strconv.ParseFloat(fields[1], 64); err == nil {
			out = append(out, time.Duration(ms*float64(time.Millisecond)))
		}
	}
	slices.Sort(out)
	return out
}
