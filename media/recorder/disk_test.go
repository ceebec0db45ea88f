package recorder

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hotline/media"
)

// child starts this test binary in a role; its output is read line by line.
func child(t *testing.T, role, folder string, attr *syscall.SysProcAttr) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0], folder)
	cmd.Env = append(os.Environ(), childRole+"="+role)
	cmd.SysProcAttr, cmd.Stderr = attr, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewReader(out)
}

// tell is how a child reports.
func tell(what ...any) { _, _ = fmt.Fprintln(os.Stdout, what...) }

// childRecorder is a recorder without a test around it.
func childRecorder(folder string, reg Registerer, log io.Writer) *Recorder {
	r, err := New(Options{
		Config: Config{Folder: folder, Enabled: true}, Log: slog.New(slog.NewTextHandler(log, nil)), Registerer: reg,
	})
	if err != nil {
		panic(err)
	}
	return r
}

// recordUntilKilled records both sides in real time and prints how long it has.
func recordUntilKilled(folder string) int {
	rec, err := childRecorder(folder, nil, os.Stderr).Start(id, accepted())
	if err != nil {
		panic(err)
	}
	said, heard := newSender(rec.Said()), newSender(rec.Heard())
	began := time.Now()
	for range time.Tick(media.FrameDuration) {
		said.say(0x11)
		heard.say(0x22)
		tell(int64(time.Since(began)))
	}
	return 0
}

// TestKilledWhileRecording is kill −9 in the middle of a call: the next start
// finds a file that plays and lacks at most the last second.
func TestKilledWhileRecording(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cmd, out := child(t, "record", folder, nil)
	var lasted time.Duration
	for lasted < 2700*time.Millisecond {
		if _, err := fmt.Fscanln(out, (*int64)(&lasted)); err != nil {
			t.Fatal(err)
		}
	}
	r := newRecorder(t, folder)
	if orphans, err := r.CloseOrphans(t.Context()); err != nil || len(orphans) != 0 {
		t.Fatalf("%v, %v: taken from a living process", orphans, err)
	}
	if err := errors.Join(cmd.Process.Kill(), ignoreExit(cmd.Wait())); err != nil {
		t.Fatal(err)
	}
	if stale := soxi(t, "-D", filepath.Join(folder, named+openSuffix)); stale < 1 {
		t.Errorf("before the repair %.2f s play", stale)
	}
	orphans, err := r.CloseOrphans(t.Context())
	if err != nil || len(orphans) != 1 || orphans[0].ID != id || orphans[0].Path != named {
		t.Fatalf("orphans %+v, %v", orphans, err)
	}
	if late := time.Since(orphans[0].Ended); late < 0 || late > time.Minute {
		t.Errorf("it ended %s ago", late)
	}
	seconds := soxi(t, "-D", filepath.Join(folder, named))
	if math.Abs(seconds-lasted.Seconds()) > 1 || math.Abs(seconds-orphans[0].Lasts.Seconds()) > 0.01 {
		t.Errorf("%.2f s play, %s were recorded, the orphan tells of %s", seconds, lasted, orphans[0].Lasts)
	}
	said, heard := read(t, folder, named)
	if n := count(said, 0x11); n < len(said)*8/10 || count(heard, 0x22) < len(heard)*8/10 {
		t.Errorf("%d of %d samples are the citizen's", n, len(said))
	}
	if orphans, err := r.CloseOrphans(t.Context()); err != nil || len(orphans) != 0 {
		t.Errorf("again %v, %v", orphans, err)
	}
}

func ignoreExit(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil
	}
	return err
}

// TestFullDisk records 12 s onto a small file system (a tmpfs in a mount
// namespace of its own), which is full after 4 s and has room again after 9 s.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	_, out := child(t, "full disk", t.TempDir(), attr)
	report, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(report); text != "ok\n" {
		t.Errorf("the child says %q", text)
	}
}

const (
	fullDisk = 300 << 10 // octets: the ballast and 4 s of audio
	ballast  = fullDisk - 72<<10
)

// recordOnAFullDisk is the child of TestFullDisk. It prints ok, or what is wrong.
func recordOnAFullDisk(folder string) int {
	if err := errors.Join(
		syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		syscall.Mount("none", folder, "tmpfs", 0, fmt.Sprintf("size=%d", fullDisk)),
		os.WriteFile(filepath.Join(folder, "ballast"), make([]byte, ballast), 0o600),
	); err != nil {
		tell("mount:", err)
		return 1
	}
	if err := talkOnAFullDisk(folder); err != nil {
		tell(err)
		return 1
	}
	tell("ok")
	return 0
}

// talkOnAFullDisk: 12 s, each with its own octet; the ballast goes after 9 s.
func talkOnAFullDisk(folder string) error {
	reg, log := prometheus.NewRegistry(), &strings.Builder{}
	r := childRecorder(folder, reg, log)
	rec, err := r.Start(id, accepted())
	if err != nil {
		return err
	}
	said, heard := newSender(rec.Said()), newSender(rec.Heard())
	n := 0
	for range time.Tick(media.FrameDuration) {
		if n == 600 {
			break
		}
		if n == 450 {
			if err := os.Remove(filepath.Join(folder, "ballast")); err != nil {
				return err
			}
		}
		said.say(byte(1 + n/50))
		heard.say(byte(1 + n/50))
		n++
	}
	rec.End()
	<-rec.Done()
	if err := r.Close(context.Background()); err != nil {
		return err
	}
	return judgeTheGap(filepath.Join(folder, rec.Path()), reg, log.String())
}

// counter is the value of a metric of one label at most.
func counter(reg *prometheus.Registry, name, label string) float64 {
	families, err := reg.Gather()
	if err != nil {
		panic(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue()
			}
		}
	}
	return -1
}

func judgeTheGap(file string, reg *prometheus.Registry, log string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	frames, ok := finished([headerSize]byte(b), int64(len(b)))
	if !ok || frames < 11*media.SampleRate || frames > 13*media.SampleRate {
		return fmt.Errorf("the file has %d samples, finished %v; want 12 s", frames, ok)
	}
	whole, silent := 0, 0
	for i := range frames {
		switch b[headerSize+i*frameOctets] {
		case media.SilenceALaw:
			silent++
		case 0:
			return fmt.Errorf("a hole at sample %d", i)
		default:
			whole++
		}
	}
	switch failed := counter(reg, "hotline_recorder_blocks_failed_total", ""); {
	case silent < media.SampleRate/2 || silent > 4*media.SampleRate:
		return fmt.Errorf("%d samples are silent, want those of 1-2 s: the disk was full for 5 s, 3 s of it were kept", silent)
	case whole < 8*media.SampleRate:
		return fmt.Errorf("only %d samples are there", whole)
	case b[headerSize+(frames-media.SampleRate/2)*frameOctets] != 12:
		return errors.New("the end, after room was made, is not there")
	case !strings.Contains(string(b[headerSize+frames*frameOctets:]), "gap"):
		return errors.New("the gap is not marked")
	case strings.Count(log, "recording not written") != 1 || failed < 4:
		return fmt.Errorf("%v writes failed, log %q", failed, log)
	case counter(reg, "hotline_recorder_ended_total", "gaps") != 1:
		return errors.New("not counted as one with gaps")
	}
	return nil
}
