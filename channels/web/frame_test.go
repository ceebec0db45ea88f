package web

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hotline/contact"
)

func TestCheckSend(t *testing.T) {
	t.Parallel()
	cmid := "01K0000000000000000000000A"
	for name, x := range map[string]struct {
		cmid, text, want string
		err              error
	}{
		"plain":            {cmid, "路灯坏了", "路灯坏了", nil},
		"breaks and tabs":  {cmid, "一\n\t二", "一\n\t二", nil},
		"control":          {cmid, "a\x00b\x1bc", "abc", nil},
		"turned direction": {cmid, "a\u202Eb\u2066c", "abc", nil},
		"not UTF-8":        {cmid, "a\xffb", "a\uFFFDb", nil},
		"longest":          {cmid, strings.Repeat("长", contact.LongestText), strings.Repeat("长", contact.LongestText), nil},
		"too long":         {cmid, strings.Repeat("长", contact.LongestText+1), "", errTooLong},
		"empty":            {cmid, "", "", errEmpty},
		"blank":            {cmid, " \n\u3000", "", errEmpty},
		"only control":     {cmid, "\x00", "", errEmpty},
		"no cmid":          {"", "x", "", errCMID},
		"a small cmid":     {strings.ToLower(cmid), "x", "", errCMID},
		"a colon in it":    {"01K00000000000000000000:0A", "x", "", errCMID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := checkSend(x.cmid, x.text)
			if got != x.want || !errors.Is(err, x.err) {
				t.Errorf("got %.20q, %v", got, err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"type":"hello","v":1,"ticket":"t","conversation":"01K0000000000000000000000A","last_seq":3,"tab":"x"}`,
		`{"type":"send","cmid":"01K0000000000000000000000A","text":"\u0000\ud800好","topic":"x"}`,
		`{"type":"read","seq":9223372036854775807}`, `{"type":"later","v":[]}`, `[]`, `{"type":1}`, `{"type":"x","seq":-1}`, ``, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := decode(text)
		if err != nil {
			return
		}
		if got.Type == "" || got.Seq < 0 || got.LastSeq < 0 {
			t.Errorf("decoded %+v", got)
		}
		clean, err := checkSend(got.CMID, got.Text)
		if err != nil {
			return
		}
		if !utf8.ValidString(clean) || utf8.RuneCountInString(clean) > contact.LongestText || strings.TrimSpace(clean) == "" {
			t.Errorf("accepted %q", clean)
		}
		if again, err := checkSend(got.CMID, clean); err != nil || again != clean {
			t.Errorf("%q becomes %q, %v", clean, again, err)
		}
	})
}

func TestStamp(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 8, 0, 0, 5_999_999, time.FixedZone("CST", 8*3600))
	got, err := json.Marshal(stamp(at))
	if err != nil || string(got) != `"2026-11-24T00:00:00.005Z"` {
		t.Errorf("got %s, %v", got, err)
	}
}
