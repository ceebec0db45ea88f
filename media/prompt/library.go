package prompt

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strconv"
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

// The parts of what a waiting citizen hears: "您前面还有", Number(12), "位。",
// "预计等待", Number(3), "到", Number(8), "分钟。".
const (
	WaitBefore     = "wait-before"     // how many are before
	WaitPeople     = "wait-people"     // the word that counts them
	WaitNext       = "wait-next"       // nobody is before
	WaitMany       = "wait-many"       // more than HighestNumber are
	WaitTime       = "wait-time"       // about so long
	WaitTo         = "wait-to"         // between two numbers
	WaitMinutes    = "wait-minutes"    // the word that counts them
	WaitWithin     = "wait-within"     // the same, and no longer
	CallbackOffer  = "callback-offer"  // a key keeps the place
	CallbackTaken  = "callback-taken"  // the place is kept, goodbye
	CallbackFailed = "callback-failed" // it cannot be kept now, please wait
)

// HighestNumber is the highest for which there is a Number.
const HighestNumber = 99

// Number is the name of a spoken number, 0 to HighestNumber.
func Number(n int) string { return "n" + strconv.Itoa(n) }

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
