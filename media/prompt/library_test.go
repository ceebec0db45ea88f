package prompt

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"hotline/media"
	"hotline/media/tone"
)

func TestEmbedded(t *testing.T) {
	t.Parallel()
	l, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ from, to time.Duration }{
		Greeting:  {4 * time.Second, 8 * time.Second},
		Goodbye:   {time.Second, 4 * time.Second},
		Reconnect: {3 * time.Second, 7 * time.Second},
		Closed:    {3 * time.Second, 7 * time.Second},
		Unknown:   {3 * time.Second, 7 * time.Second},
		Music:     {20 * time.Second, 20 * time.Second},
		Quiet:     {time.Second, time.Second},
	}
	for name, tt := range tests {
		a, ok := l.Get(name)
		if d := a.Duration(); !ok || d < tt.from || d > tt.to {
			t.Errorf("%s: %v, %v", name, ok, d)
		}
		if loud := tone.Power(a.Linear()); name != Quiet && loud < 1e-3 {
			t.Errorf("%s: power %v is hardly heard", name, loud)
		}
	}
	for name, most := range parts() {
		a, ok := l.Get(name)
		if d := a.Duration(); !ok || d < 200*time.Millisecond || d > most || tone.Power(a.Linear()) < 1e-3 {
			t.Errorf("%s: %v, %v", name, ok, d)
		}
	}
	if _, ok := l.Get("nothing"); ok {
		t.Error("found what is not there")
	}
}

// parts are what a waiting citizen hears, and how long each is at most.
func parts() map[string]time.Duration {
	all := map[string]time.Duration{
		WaitBefore: 2 * time.Second, WaitPeople: time.Second, WaitNext: 2 * time.Second, WaitMany: 3 * time.Second,
		WaitTime: 2 * time.Second, WaitTo: time.Second, WaitMinutes: time.Second, WaitWithin: 2 * time.Second,
		CallbackOffer: 8 * time.Second, CallbackTaken: 6 * time.Second, CallbackFailed: 6 * time.Second,
	}
	for n := range HighestNumber + 1 {
		all[Number(n)] = time.Second
	}
	return all
}

func TestEmbeddedIsSmall(t *testing.T) {
	t.Parallel()
	var size int64
	err := fs.WalkDir(standard, ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		size += info.Size()
		return err
	})
	if err != nil || size > 1_200_000 {
		t.Errorf("%d octets, %v", size, err)
	}
}

// The step over the music's seam is no larger than steps within it.
func TestMusicLoopsWithoutAClick(t *testing.T) {
	t.Parallel()
	l, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	music, _ := l.Get(Music)
	s := music.Linear()
	largest := 0
	for i := 1; i < len(s); i++ {
		largest = max(largest, abs(int(s[i])-int(s[i-1])))
	}
	if seam := abs(int(s[0]) - int(s[len(s)-1])); seam > largest/2 {
		t.Errorf("seam %d, largest step %d", seam, largest)
	}
}

func abs(x int) int { return max(x, -x) }

func TestOver(t *testing.T) {
	t.Parallel()
	base, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := WriteWAV(&file, Tone(440, time.Second, 0.5)); err != nil {
		t.Fatal(err)
	}
	city, err := Load(fstest.MapFS{"greeting.wav": {Data: file.Bytes()}, "readme.txt": {Data: []byte("x")}})
	if err != nil {
		t.Fatal(err)
	}
	both := base.Over(city)
	if a, _ := both.Get(Greeting); a.Duration() != time.Second {
		t.Errorf("greeting lasts %v", a.Duration())
	}
	if a, ok := both.Get(Music); !ok || a.Duration() != 20*time.Second {
		t.Error("the music is gone")
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	t.Parallel()
	_, err := Load(fstest.MapFS{"bad.wav": {Data: []byte("RIFF")}})
	if err == nil || !strings.Contains(err.Error(), "bad.wav") {
		t.Errorf("err = %v", err)
	}
}

// riff makes a WAV file of any kind.
func riff(format, channels uint16, rate uint32, bits uint16, data []byte) []byte {
	var b []byte
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(36+len(data)))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, format)
	b = binary.LittleEndian.AppendUint16(b, channels)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, rate*uint32(bits/8)*uint32(channels))
	b = binary.LittleEndian.AppendUint16(b, channels*bits/8)
	b = binary.LittleEndian.AppendUint16(b, bits)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func TestReadWAV(t *testing.T) {
	t.Parallel()
	whole := bytes.Repeat([]byte{0x55}, 320)
	tests := map[string]struct {
		file []byte
		want string // of the error; empty is well
	}{
		"linear":        {riff(1, 1, 8000, 16, whole), ""},
		"A-law":         {riff(6, 1, 8000, 8, whole), ""},
		"µ-law":         {riff(7, 1, 8000, 8, whole), ""},
		"no samples":    {riff(6, 1, 8000, 8, nil), ""},
		"float":         {riff(3, 1, 8000, 32, whole), "format 3"},
		"16 kHz":        {riff(1, 1, 16000, 16, whole), "sample rate 16000"},
		"stereo":        {riff(1, 2, 8000, 16, whole), "2 channels"},
		"8-bit linear":  {riff(1, 1, 8000, 8, whole), "8 bits"},
		"16-bit A-law":  {riff(6, 1, 8000, 16, whole), "16 bits"},
		"nothing":       {nil, "not a WAV file"},
		"text":          {[]byte("hello, this is no audio at all, not even close"), "not a WAV file"},
		"a header only": {riff(1, 1, 8000, 16, nil)[:30], "wav:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadWAV(bytes.NewReader(tt.file))
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestWAVRoundTrip(t *testing.T) {
	t.Parallel()
	a := Tone(1004, time.Second, 0.5)
	var b bytes.Buffer
	if err := WriteWAV(&b, a); err != nil {
		t.Fatal(err)
	}
	back, err := ReadWAV(&b)
	if err != nil || !bytes.Equal(back.alaw, a.alaw) {
		t.Errorf("%d samples, %v", len(back.alaw), err)
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(riff(1, 1, 8000, 16, make([]byte, 320)))
	f.Add(riff(6, 1, 8000, 8, make([]byte, 160)))
	f.Add(riff(7, 1, 8000, 8, nil))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := ReadWAV(bytes.NewReader(file))
		if err == nil && (len(a.alaw)%media.FrameSamples != 0 || len(a.alaw) > len(file)+media.FrameSamples) {
			t.Fatalf("%d samples out of %d octets", len(a.alaw), len(file))
		}
	})
}

func TestNewAudioFillsTheFrame(t *testing.T) {
	t.Parallel()
	a := NewAudio([]byte{1})
	if a.Duration() != media.FrameDuration || a.alaw[0] != 1 || a.alaw[1] != media.SilenceALaw {
		t.Errorf("%v, % x", a.Duration(), a.alaw[:2])
	}
}
