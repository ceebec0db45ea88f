package gatewaytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"hotline/media/prompt"
)

// Baresip is a foreign SIP phone that has dialled: it says a tone and writes
// down what it hears.
type Baresip struct {
	t     testing.TB
	dir   string
	cmd   *exec.Cmd
	out   bytes.Buffer
	ended chan struct{}
}

// StartBaresip dials target, such as "sip:12345@127.0.0.1:5060", as caller and
// says a tone of hz. It hangs up by itself after a minute, and at the end of the
// test.
func StartBaresip(t testing.TB, target, caller string, hz float64) *Baresip {
	t.Helper()
	b := &Baresip{t: t, dir: t.TempDir(), ended: make(chan struct{})}
	source := filepath.Join(b.dir, "tone.wav")
	b.write("tone.wav", string(linearWAV(prompt.Tone(hz, 90*time.Second, 0.3).Linear(), 8000)))
	b.write("config", fmt.Sprintf(`poll_method epoll
sip_listen 127.0.0.1:%d
rtp_ports 30000-39999
net_interface 127.0.0.1
audio_source aufile,%s
audio_player aubridge,d1
audio_alert aubridge,d2
ausrc_srate 8000
auplay_srate 8000
module_path %s
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_app account.so
module_app menu.so
module_tmp uuid.so
snd_path %s
`, FreePort(t), source, baresipModules(), b.dir))
	b.write("accounts", fmt.Sprintf("<sip:%s@127.0.0.1>;regint=0;audio_codecs=PCMA/8000/1;ptime=20\n", caller))
	b.write("contacts", "")
	b.cmd = exec.CommandContext(context.Background(), "baresip", "-f", b.dir, "-e", "/dial "+target, "-t", "60")
	b.cmd.Stdout, b.cmd.Stderr = &b.out, &b.out
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(b.ended); _ = b.cmd.Wait() }()
	t.Cleanup(b.Stop)
	return b
}

// Stop hangs up and waits until all is written down. Safe to call twice.
func (b *Baresip) Stop() {
	err := b.cmd.Process.Signal(syscall.SIGINT)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		b.t.Error(err)
	}
	select {
	case <-b.ended:
	case <-time.After(10 * time.Second):
		_ = b.cmd.Process.Kill()
		<-b.ended
	}
}

// Heard stops the phone and returns what it heard in the whole call, 8 kHz.
func (b *Baresip) Heard() []int16 {
	b.t.Helper()
	b.Stop()
	files, err := filepath.Glob(filepath.Join(b.dir, "dump-*-dec.wav"))
	if err != nil || len(files) != 1 {
		b.t.Fatalf("baresip wrote %v, %v\n%s", files, err, b.out.String())
	}
	f, err := os.Open(files[0])
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	a, err := prompt.ReadWAV(f)
	if err != nil {
		b.t.Fatal(err)
	}
	return a.Linear()
}

func (b *Baresip) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func baresipModules() string {
	for _, at := range []string{"/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"} {
		if _, err := os.Stat(at); err == nil {
			return at
		}
	}
	return "/usr/lib/x86_64-linux-gnu/baresip/modules"
}
