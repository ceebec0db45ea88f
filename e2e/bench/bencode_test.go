package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBencode(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		value any
		text  string
	}{
		"string":       {"spam", "4:spam"},
		"empty":        {"", "0:"},
		"octets":       {"a:\x00e", "4:a:\x00e"},
		"integer":      {int64(-3), "i-3e"},
		"list":         {[]any{"a", int64(1)}, "l1:ai1ee"},
		"empty list":   {[]any{}, "le"},
		"sorted keys":  {dict{"b": "1", "a": []any{dict{}}}, "d1:aldee1:b1:1e"},
		"ng's command": {dict{"command": "ping"}, "d7:command4:pinge"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := string(bencode(nil, tt.value)); got != tt.text {
				t.Errorf("wrote %q, want %q", got, tt.text)
			}
			got, err := bdecode([]byte(tt.text))
			if err != nil || !cmp.Equal(got, tt.value) {
				t.Errorf("read %v, %v", got, err)
			}
		})
	}
}

func TestBdecodeRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "4:spa", "i12", "ie", "i1x", "l1:a", "d1:a", "d1:ae", "di1e1:ae", "x", "-1:a", "1:ab", "99999999999:a",
		strings.Repeat("l", 100) + strings.Repeat("e", 100),
	} {
		if got, err := bdecode([]byte(text)); !errors.Is(err, errBencode) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func FuzzBdecode(f *testing.F) {
	f.Add([]byte("d1:ali1e2:xyee"))
	f.Add([]byte("i-0e"))
	f.Fuzz(func(t *testing.T, b []byte) {
		value, err := bdecode(b)
		if err != nil {
			return
		}
		again, err := bdecode(bencode(nil, value))
		if err != nil || !cmp.Equal(again, value) {
			t.Fatalf("%v became %v, %v", value, again, err)
		}
	})
}
