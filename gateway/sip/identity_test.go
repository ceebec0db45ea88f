package sip

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/emiago/sipgo/sip"

	"hotline/contact"
)

func parseInvite(t testing.TB, headers string) *sip.Request {
	t.Helper()
	m, err := sip.ParseMessage([]byte("INVITE sip:12345@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nTo: <sip:12345@h>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n" + headers + "Content-Length: 0\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return m.(*sip.Request)
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	const from = "From: <sip:13900000000@h>;tag=1\r\n"
	tests := map[string]struct{ headers, want string }{
		"From":                        {from, "+8613900000000"},
		"PAI before From":             {from + "P-Asserted-Identity: <sip:+8613812345678@ims.mnc000.mcc460.3gppnetwork.org;user=phone>\r\n", "+8613812345678"},
		"tel before sip, in one line": {from + "P-Asserted-Identity: \"A, B\" <sip:01065551234@h>, <tel:+8613812345678>\r\n", "+8613812345678"},
		"tel with parameters":         {from + "P-Asserted-Identity: <tel:667113;noa=subscriber;srvattri=national;phone-context=+86>\r\n", "667113"},
		"two lines":                   {from + "P-Asserted-Identity: <sip:nobody@h>\r\nP-Asserted-Identity: <tel:+86-138-1234-5678>\r\n", "+8613812345678"},
		"cpc in the user part":        {"From: <sip:13812345678;cpc=ordinary@h>;tag=1\r\n", "+8613812345678"},
		"GBK display name":            {"From: \"\xd5\xc5\xc8\xfd\" <sip:13812345678@h>;tag=1\r\n", "+8613812345678"},
		"a name, not a number":        {"From: <sip:alice@h>;tag=1\r\n", ""},
		"anonymous From":              {"From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1\r\n", ""},
		"anonymous From, with PAI":    {"From: <sip:anonymous@anonymous.invalid>;tag=1\r\nP-Asserted-Identity: <tel:+8613812345678>\r\n", "+8613812345678"},
		"Privacy":                     {from + "Privacy: id\r\nP-Asserted-Identity: <tel:+8613812345678>\r\n", ""},
		"Privacy, several values":     {from + "Privacy: critical;Id\r\n", ""},
		"Privacy: none":               {from + "Privacy: none\r\n", "+8613900000000"},
		"PAI that cannot be read":     {from + "P-Asserted-Identity: <sip:138\r\n", "+8613900000000"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (numbering{area: "010"}).identify(parseInvite(t, tt.headers)); got != contact.NewAddress(tt.want) {
				t.Errorf("caller %q, want %q", got.Reveal(), tt.want)
			}
		})
	}
}

func TestCallerNumbers(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"13812345678": "+8613812345678", "013812345678": "+8613812345678", "8613812345678": "+8613812345678",
		"+8613812345678": "+8613812345678", "008613812345678": "+8613812345678",
		"65551234": "+861065551234", "01065551234": "+861065551234", "861065551234": "+861065551234", "+861065551234": "+861065551234",
		"02187654321": "+862187654321", "075512345678": "+8675512345678",
		"10086": "10086", "12345": "12345", "+14155552671": "+14155552671", "0014155552671": "+14155552671",
		"138-1234 5678": "+8613812345678", "anonymous": "", "": "", strings.Repeat("1", 60): "", "1381234567x": "",
	}
	for in, want := range tests {
		if got := (numbering{area: "010"}).caller(in).Reveal(); got != want {
			t.Errorf("caller(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestCalledNumbers(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"12345", "01012345", "+861012345", "861012345", "00861012345", "+8612345", "+8601012345", "12345;phone-context=+86", "123-45"} {
		if got := (numbering{area: "010"}).called(in); got != "12345" {
			t.Errorf("called(%q) is %q, want 12345", in, got)
		}
	}
	for in, want := range map[string]string{"12315": "12315", "86123456": "86123456", "abc": "", "": "", "02112345": "02112345"} {
		if got := (numbering{area: "010"}).called(in); got != want {
			t.Errorf("called(%q) is %q, want %q", in, got, want)
		}
	}
	if got := (numbering{}).called("12345"); got != "12345" {
		t.Errorf("without an area code: %q", got)
	}
}

func FuzzIdentity(f *testing.F) {
	f.Add("\"x\" <tel:+8613812345678>, <sip:138;cpc=o@h>", "13812345678", "id")
	f.Add("\"a\\\"b,<\" <sip:1@h>,", "+86", "")
	f.Fuzz(func(t *testing.T, pai, user, privacy string) {
		req := sip.NewRequest(sip.INVITE, sip.Uri{Scheme: "sip", User: user, Host: "h"})
		req.AppendHeader(&sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: user, Host: "h"}})
		req.AppendHeader(sip.NewHeader("P-Asserted-Identity", pai))
		req.AppendHeader(sip.NewHeader("Privacy", privacy))
		plan := numbering{area: "010"}
		for _, s := range []string{plan.identify(req).Reveal(), plan.called(user)} {
			if len(s) > maxDigits+4 || !utf8.ValidString(s) || strings.Trim(s, "+0123456789") != "" {
				t.Errorf("number %q", s)
			}
		}
	})
}
