package prompt

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strings"
	"time"
)

// The standard announcements, by name.
const (
	Greeting  = "greeting"  // to every caller, before the queue
	Goodbye   = "goodbye"   // at the end of a call
	Reconnect = "reconnect" // the agent was lost; another one follows
	Closed    = "closed"    // outside the line's hours
	Unknown   = "unknown"   // the number dialled is no line of the house
	Music     = "music"     // while waiting, on hold
	Quiet     = "silence"   // one second
)

//go:embed audio/*.wav
var standard embed.FS

// Library is a set of named audio. It never changes.
type Library struct{ audio map[string]Audio }

// Embedded is the library that comes with the program.
func Embedded() (*Library, error) {
	files, err := fs.Sub(standard, "audio")
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	return Load(files)
}

// Load reads every .wav file at the top of files; a file's name without its
// extension is the audio's name.
func Load(files fs.FS) (*Library, error) {
	names, err := fs.Glob(files, "*.wav")
	if err != nil {
		return nil, fmt.Errorf("prompt: list: %w", err)
	}
	l := &Library{audio: map[string]Audio{Quiet: Silence(time.Second)}}
	for _, name := range names {
		a, err := load(files, name)
		if err != nil {
			return nil, fmt.Errorf("prompt: load %s: %w", name, err)
		}
		l.audio[strings.TrimSuffix(path.Base(name), ".wav")] = a
	}
	return l, nil
}

func load(files fs.FS, name string) (Audio, error) {
	f, err := files.Open(name)
	if err != nil {
		return Audio{}, err
	}
	defer func() { _ = f.Close() }()
	return ReadWAV(f)
}

// Get finds an audio by name.
func (l *Library) Get(name string) (Audio, bool) {
	a, ok := l.audio[name]
	return a, ok
}

// Over returns a library in which the audio of over replaces that of l: a
// city's own announcements over the standard ones.
func (l *Library) Over(over *Library) *Library {
	both := &Library{audio: make(map[string]Audio, len(l.audio))}
	for _, from := range []*Library{l, over} {
		maps.Copy(both.audio, from.audio)
	}
	return both
}
