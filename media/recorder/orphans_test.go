package recorder

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestOrphans(t *testing.T) {
	t.Parallel()
	stale, current := header(8000, 0), header(16000, 0)
	audio := fill(0x11, 16000*frameOctets)
	marked := marks{{0, 8000, 8000}}.chunks()
	complete := header(16000, len(marked))
	tests := map[string]struct {
		file   []byte
		frames int64
		size   int // of the repaired file
	}{
		"a second behind":      {append(stale[:], audio...), 16000, headerSize + 32000},
		"right":                {append(current[:], audio...), 16000, headerSize + 32000},
		"cut in a sample":      {append(stale[:], audio[:31999]...), 15999, headerSize + 31998},
		"shorter than it says": {append(current[:], audio[:100]...), 50, headerSize + 100},
		"no header yet":        {nil, 0, headerSize},
		"half a header":        {stale[:30], 0, headerSize},
		"header of something":  {append(make([]byte, headerSize), audio...), 16000, headerSize + 32000},
		"all but the name":     {append(append(complete[:], audio...), marked...), 16000, headerSize + 32000 + len(marked)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			at := filepath.Join(folder, named)
			if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(at+openSuffix, tt.file, 0o600); err != nil {
				t.Fatal(err)
			}
			orphans, err := newRecorder(t, folder).CloseOrphans(t.Context())
			if err != nil || len(orphans) != 1 {
				t.Fatalf("%v, %v", orphans, err)
			}
			if want := time.Duration(tt.frames) * 125 * time.Microsecond; orphans[0].Lasts != want {
				t.Errorf("lasts %s, want %s", orphans[0].Lasts, want)
			}
			b, err := os.ReadFile(at)
			if err != nil || len(b) != tt.size {
				t.Fatalf("%d octets, %v; want %d", len(b), err, tt.size)
			}
			if frames, ok := finished([headerSize]byte(b), int64(len(b))); !ok || frames != tt.frames {
				t.Errorf("the header tells of %d samples, %v", frames, ok)
			}
			if soxi(t, "-s", at) != float64(tt.frames) {
				t.Errorf("sox reads %v samples, want %d", soxi(t, "-s", at), tt.frames)
			}
		})
	}
}

// One orphan that cannot be closed does not keep the others.
func TestOrphansOneByOne(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.MkdirAll(filepath.Join(folder, "2026-11-25"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "2026-11-25", name+".wav.open"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(folder, "2026-11-25", "a.wav"), 0o700); err != nil { // its name is taken
		t.Fatal(err)
	}
	orphans, err := newRecorder(t, folder).CloseOrphans(t.Context())
	if err == nil || len(orphans) != 1 || orphans[0].ID != "b" {
		t.Errorf("%v, %v; want b closed, and a told of", orphans, err)
	}
}

// FuzzRepair: whatever a crash left, the repaired file fits its header.
func FuzzRepair(f *testing.F) {
	h := header(10, 0)
	f.Add(append(h[:], make([]byte, 30)...))
	f.Add(h[:20])
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		if _, err := file.Write(content); err != nil {
			t.Fatal(err)
		}
		frames, err := repair(file, int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(file.Name())
		if err != nil || len(b) < headerSize {
			t.Fatalf("%d octets, %v", len(b), err)
		}
		if got, ok := finished([headerSize]byte(b), int64(len(b))); !ok || got != frames {
			t.Fatalf("%d samples, %v; want %d", got, ok, frames)
		}
	})
}
