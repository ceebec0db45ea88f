package sip

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"hotline/media/prompt"
	"hotline/media/tone"
)

// baresip calls and plays 440 Hz: that is measured here. We play 1,000 Hz:
// that is measured in what baresip wrote down.
func TestBaresipHearsAndIsHeard(t *testing.T) {
	t.Parallel()
	wheel := prompt.NewWheel(slog.New(slog.DiscardHandler))
	t.Cleanup(wheel.Close)
	ear := tone.NewEar(16000)
	talking := make(chan struct{})
	n := startNode(t, func(ctx context.Context, in *Inbound) {
		if err := in.Answer(ctx); err != nil {
			return
		}
		source := in.Media().Out().NewSource()
		in.Media().Out().Select(source)
		wheel.Play(source, prompt.Tone(1000, time.Second, 0.3), true)
		in.Media().Forward(ear)
		close(talking)
	})
	dump := baresip(t, fmt.Sprintf("sip:12345@%s", n.Addrs().UDP), talking, ear)
	heard, err := tail8k(dump)
	if err != nil {
		t.Fatal(err)
	}
	if !tone.Hears(heard, 1000) {
		t.Error("baresip did not hear our tone")
	}
	if tone.Hears(heard, 440) {
		t.Error("baresip heard itself")
	}
}

// baresip runs a call of about four seconds and returns the file of what it heard.
func baresip(t *testing.T, target string, talking <-chan struct{}, ear *tone.Ear) string {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "tone.wav"))
	if err != nil {
		t.Fatal(err)
	}
	writeLinear(t, f, prompt.Tone(440, 20*time.Second, 0.3).Linear())
	config := "poll_method epoll\nsip_listen 127.0.0.1:" + itoa(freePort(t)) + "\nrtp_ports 30000-39999\nnet_interface 127.0.0.1\n" +
		"audio_source aufile," + f.Name() + "\naudio_player aubridge,d1\naudio_alert aubridge,d2\nausrc_srate 8000\nauplay_srate 8000\n" +
		"module_path " + modulePath() + "\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\nmodule_app account.so\nmodule_app menu.so\nmodule_tmp uuid.so\nsnd_path " + dir + "\n"
	write(t, filepath.Join(dir, "config"), config)
	write(t, filepath.Join(dir, "accounts"), "<sip:13812345678@127.0.0.1>;regint=0;audio_codecs=PCMA/8000/1;ptime=20\n")
	write(t, filepath.Join(dir, "contacts"), "")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "baresip", "-f", dir, "-e", "/dial "+target, "-t", "5")
	out, err := cmd.CombinedOutput()
	select {
	case <-talking:
	default:
		t.Fatalf("baresip did not get through: %v\n%s", err, out)
	}
	if !tone.Hears(ear.Samples(), 440) {
		t.Errorf("we did not hear baresip's tone in %d packets\n%s", ear.Packets(), out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "dump-*-dec.wav"))
	if err != nil || len(files) != 1 {
		t.Fatalf("baresip wrote %v, %v\n%s", files, err, out)
	}
	return files[0]
}

func modulePath() string {
	for _, at := range []string{"/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"} {
		if _, err := os.Stat(at); err == nil {
			return at
		}
	}
	return "/usr/lib/x86_64-linux-gnu/baresip/modules"
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeLinear writes 16-bit samples at 8 kHz through sox's raw input.
func writeLinear(t *testing.T, f io.WriteCloser, samples []int16) {
	t.Helper()
	head := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00")
	size := uint32(2 * len(samples))
	put := func(at int, v uint32) {
		head[at], head[at+1], head[at+2], head[at+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	}
	put(4, 36+size)
	put(40, size)
	body := make([]byte, 0, size)
	for _, s := range samples {
		body = append(body, byte(s), byte(uint16(s)>>8))
	}
	if _, err := f.Write(append(head, body...)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// tail8k returns the last two seconds of a WAV file of 8 kHz.
func tail8k(name string) ([]int16, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	a, err := prompt.ReadWAV(f)
	if err != nil {
		return nil, err
	}
	s := a.Linear()
	return s[max(0, len(s)-16000):], nil
}
