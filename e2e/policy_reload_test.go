package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/phone"
)

// servedBy writes the configuration of a node whose only line is served by the
// skill; 1001 has general, 1002 has tax.
func servedBy(t *testing.T, file, skill string) {
	t.Helper()
	text := fmt.Sprintf(`node: { name: reloaded, data: %[1]s }
http: { listen: "127.0.0.1:0", admin: "127.0.0.1:0" }
database: { url: "sqlite:%[1]s/hotline.db" }
sip:
  udp: 127.0.0.1:0
  tcp: 127.0.0.1:0
  area_code: "010"
  trunks: [{ name: carrier, addresses: [127.0.0.0/8], media: [127.0.0.0/8] }]
rtp: { port_min: 0, port_max: 0 }
webrtc: { listen: "0.0.0.0:0", listen_tcp: "" }
lines: [{ name: citizen, title: { zh: 市民热线, en: "Citizens' line" }, skill: %[2]s, numbers: ["12345"] }]
people:
  accounts:
    - { id: "1001", name: 话务员, role: agent, password: %[3]s, skills: [general] }
    - { id: "1002", name: 话务员, role: agent, password: %[4]s, skills: [tax] }
    - { id: "2001", name: 班长, role: supervisor, password: %[5]s }
`, filepath.Dir(file), skill, password("1001"), password("1002"), password("2001"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestPolicyReloadDropsNobody: one caller talks and one waits for the same
// agent. SIGHUP gives the line to another skill: who waits goes to its agent,
// who talks talks on. A faulty file then changes nothing.
func TestPolicyReloadDropsNobody(t *testing.T) {
	data := t.TempDir()
	binary, file := filepath.Join(data, "hotline"), filepath.Join(data, "hotline.yaml")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../cmd/hotline").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	servedBy(t, file, "general")
	p := launch(t, binary, file)
	rest := p.supervisor()
	for _, id := range []string{"1001", "1002"} {
		p.agent(headless.Options{Account: id, AnswerAfter: 10 * time.Millisecond, WrapUp: 10 * time.Millisecond})
	}
	served := func(masked string) record {
		t.Helper()
		return p.await(rest, "served: "+masked, func(r record) bool { return r.Caller == masked && !r.Connected.IsZero() })
	}
	p.places(phone.Options{From: "13800000001"})
	talk := served("+86138****0001")
	p.places(phone.Options{From: "13800000002"})
	ask(t, rest, "/hall", "that waits", func(b struct {
		Waiting map[string]int `json:"waiting"`
	},
	) bool {
		return b.Waiting["general"] == 1
	})
	waiting := p.caller(rest, "+86138****0002")
	if waiting.Offers != 0 {
		t.Errorf("the second caller was offered already: %+v", waiting)
	}

	hup := func() {
		t.Helper()
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	servedBy(t, file, "tax")
	hup()
	if got := served("+86138****0002"); got.Agent != "1002" || got.Contact != waiting.Contact {
		t.Errorf("after the reload the second caller is %+v", got)
	}
	if err := os.WriteFile(file, []byte("lines: 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hup()
	p.places(phone.Options{From: "13800000003"})
	ask(t, rest, "/hall", "that waits for tax", func(b struct {
		Waiting map[string]int `json:"waiting"`
	},
	) bool {
		return b.Waiting["tax"] == 1
	})
	if got := p.caller(rest, "+86138****0001"); got.Contact != talk.Contact || got.Agent != "1001" || !got.Ended.IsZero() {
		t.Errorf("the talk is %+v", got)
	}
}
