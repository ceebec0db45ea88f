package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
)

// process starts a node of the house that can be killed.
func (h *house) process(name string) *process {
	h.t.Helper()
	data := h.t.TempDir()
	binary, file := filepath.Join(data, "hotline"), filepath.Join(data, "hotline.yaml")
	if out, err := exec.CommandContext(h.t.Context(), "go", "build", "-o", binary, "../cmd/hotline").CombinedOutput(); err != nil {
		h.t.Fatalf("build: %v\n%s", err, out)
	}
	text := fmt.Sprintf(`node: { name: %s, data: %s, ref_key: %q }
http: { listen: "127.0.0.1:0", admin: "127.0.0.1:0" }
redis: { url: %q }
database: { url: %q }
sip:
  udp: 127.0.0.1:0
  tcp: 127.0.0.1:0
  area_code: "010"
  trunks: [{ name: carrier, addresses: [127.0.0.0/8], media: [127.0.0.0/8] }]
rtp: { port_min: 0, port_max: 0 }
webrtc: { listen: "0.0.0.0:0", listen_tcp: "" }
lines: [{ name: plain, title: { zh: 市民热线, en: "Citizens' line" }, skill: general, ring: 60s, numbers: [%q] }]
people: { accounts: [{ id: "2001", name: 班长, role: supervisor, password: %q }] }
`, name, data, houseKey, h.redis.url(), h.db, plainNumber, password("2001"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	p := &process{city: city{t: h.t}, cmd: exec.CommandContext(context.Background(), binary, "serve", "--config", file)}
	logs, err := p.cmd.StderrPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(p.kill)
	p.read(logs)
	return p
}

// TestNodeLoss: a node is killed while desks of another serve a call there, ring
// for a call of the dead one, and talk with a caller of the dead one. The talk
// of the living node is not touched; the ring is over and its agent is free
// within ten seconds; who talked with the dead one is free with the hang-up.
func TestNodeLoss(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "a node of two is killed",
		"a talk of the other node goes on, with audio both ways; rings of the dead one end and its agents are free within 10 s")
	h := newHouse(t)
	north, south := h.process("north"), h.node("south")
	rest := south.supervisor()
	heard := make(chan []int16, 1)
	talker := south.agent(headless.Options{
		Account: "1001", AnswerAfter: time.Millisecond, WrapUp: time.Millisecond, Play: headless.Sine(440), Keep: 2 * time.Minute,
		Heard: func(_ headless.Report, samples []int16) { heard <- samples },
	})
	citizen := gatewaytest.StartBaresip(t, south.dial(plainNumber), "13800000001", 600)
	talk := south.await(rest, "of the talk here", connected1)

	rings := make(chan headless.Report, 16)
	rung := south.agent(headless.Options{
		Account: "1002", AnswerAfter: time.Minute, WrapUp: time.Millisecond, Rings: func(r headless.Report) { rings <- r },
	})
	gatewaytest.StartBaresip(t, north.dial(plainNumber), "13800000002", 600)
	select {
	case <-rings:
	case <-time.After(patience):
		t.Fatal("a caller of the other node does not ring")
	}
	gatewaytest.StartBaresip(t, north.dial(plainNumber), "13800000003", 600)
	south.await(rest, "that waits at the other node", func(r record) bool { return r.Caller == "+86138****0003" })

	north.kill()
	killed := time.Now()
	if r := south.report(rung); r.Cause != "revoked" || r.Answered {
		t.Errorf("the agent who rang reports %+v", r)
	}
	next := gatewaytest.StartBaresip(t, south.dial(plainNumber), "13800000004", 600)
	select {
	case <-rings:
	case <-time.After(patience):
		t.Fatal("the agent who rang is not free")
	}
	if took := time.Since(killed); took > 10*time.Second {
		t.Errorf("the agent who rang was free after %s", took)
	}
	next.Stop()
	pause(t, time.Until(killed.Add(15*time.Second)))
	lasted := time.Since(talk.Connected)
	toned(t, "the citizen", citizen.Heard(), 440, lasted)
	if r := south.report(talker); r.Contact != talk.Contact || r.Cause != "citizen_ended" || r.Lost*50 > r.Packets {
		t.Errorf("the talker reports %+v", r)
	}
	toned(t, "the agent", <-heard, 600, lasted)
}

// TestTheCallersNodeIsLost: the node of a talk is killed. The agent, at another,
// is told that the citizen is not heard, and is free after hanging up.
func TestTheCallersNodeIsLost(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "the caller's node is killed in a talk",
		"the agent at another node is told that the citizen is gone, hangs up, and serves the next")
	h := newHouse(t)
	north, south := h.process("north"), h.node("south")
	rest := south.supervisor()
	agent := south.agent(headless.Options{Account: "1001", AnswerAfter: time.Millisecond, WrapUp: time.Millisecond, Play: headless.Sine(440)})
	w := south.watch(t, "1001")
	defer w.close()
	gatewaytest.StartBaresip(t, north.dial(plainNumber), "13800000001", 600)
	south.await(rest, "of the talk", connected1)
	north.kill()
	w.changed(t, func(d deskCall) bool { return d.ApartUntil != nil })
	if err := agent.Command(t.Context(), "call.hangup"); err != nil {
		t.Fatal(err)
	}
	if r := south.report(agent); !r.Answered {
		t.Errorf("the agent reports %+v", r)
	}
	citizen := gatewaytest.StartBaresip(t, south.dial(plainNumber), "13800000002", 600)
	south.await(rest, "that is served next", func(r record) bool { return r.Caller == "+86138****0002" && connected1(r) })
	citizen.Stop()
	if r := south.report(agent); r.Cause != "citizen_ended" {
		t.Errorf("the agent reports %+v", r)
	}
}
