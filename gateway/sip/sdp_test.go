package sip

import (
	"net/netip"
	"strings"
	"testing"

	"hotline/media"
)

func sdp(lines ...string) []byte {
	return []byte("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n" + strings.Join(lines, "\r\n"))
}

func TestAgree(t *testing.T) {
	t.Parallel()
	at := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
	tests := map[string]struct {
		body []byte
		want agreement
		ok   bool
	}{
		"A-law first by our preference": {
			sdp("c=IN IP4 192.0.2.9", "t=0 0", "m=audio 4000 RTP/AVP 18 0 8 100", "a=rtpmap:100 telephone-event/8000", ""),
			agreement{remote: at("192.0.2.9:4000"), law: media.ALaw, audio: 8, events: 100, theirs: sendRecv},
			true,
		},
		"µ-law alone, no rtpmap, no final line end": {
			sdp("c=IN IP4 192.0.2.9", "m=audio 4000 RTP/AVP 0"),
			agreement{remote: at("192.0.2.9:4000"), law: media.MuLaw, theirs: sendRecv},
			true,
		},
		"c= of the media after its attributes": {
			sdp("c=IN IP4 192.0.2.9", "m=audio 4000 RTP/AVP 8", "a=recvonly", "b=AS:64", "c=IN IP4 192.0.2.8", ""),
			agreement{remote: at("192.0.2.8:4000"), audio: 8, theirs: recvOnly},
			true,
		},
		"direction of the session": {
			sdp("c=IN IP4 192.0.2.9", "a=sendonly", "m=audio 4000 RTP/AVP 8", ""),
			agreement{remote: at("192.0.2.9:4000"), audio: 8, theirs: sendOnly},
			true,
		},
		"hold of RFC 2543": {
			sdp("c=IN IP4 0.0.0.0", "m=audio 4000 RTP/AVP 8", ""),
			agreement{audio: 8, theirs: sendOnly},
			true,
		},
		"second line": {
			sdp("c=IN IP4 192.0.2.9", "m=video 4002 RTP/AVP 96", "m=audio 0 RTP/AVP 8", "m=audio 4000 RTP/AVP 8", ""),
			agreement{index: 2, remote: at("192.0.2.9:4000"), audio: 8, theirs: sendRecv},
			true,
		},
		"an IMS offer": {
			sdp("c=IN IP4 192.0.2.9", "m=audio 4000 RTP/AVP 104 9 8 105 96", "a=rtpmap:104 AMR-WB/16000/1", "a=rtpmap:9 G722/8000", "a=rtpmap:8 pcma/8000/1",
				"a=rtpmap:105 telephone-event/16000", "a=rtpmap:96 telephone-event/8000", "a=curr:qos local none", "a=ptime:20", ""),
			agreement{remote: at("192.0.2.9:4000"), audio: 8, events: 96, theirs: sendRecv},
			true,
		},
		"IPv6": {
			sdp("c=IN IP6 2001:db8::1", "m=audio 4000 RTP/AVP 8", ""),
			agreement{remote: at("[2001:db8::1]:4000"), audio: 8, theirs: sendRecv},
			true,
		},
		"events on a static payload type are left out": {
			sdp("c=IN IP4 192.0.2.9", "m=audio 4000 RTP/AVP 8 20", "a=rtpmap:20 telephone-event/8000", ""),
			agreement{remote: at("192.0.2.9:4000"), audio: 8, theirs: sendRecv},
			true,
		},
		"no G.711":            {sdp("c=IN IP4 192.0.2.9", "m=audio 4000 RTP/AVP 18", ""), agreement{}, false},
		"8 is something else": {sdp("c=IN IP4 192.0.2.9", "m=audio 4000 RTP/AVP 8", "a=rtpmap:8 X/8000", ""), agreement{}, false},
		"SRTP only":           {sdp("c=IN IP4 192.0.2.9", "m=audio 4000 RTP/SAVP 8", ""), agreement{}, false},
		"no c=":               {sdp("m=audio 4000 RTP/AVP 8", ""), agreement{}, false},
		"no audio":            {sdp("c=IN IP4 192.0.2.9", "m=video 4000 RTP/AVP 96", ""), agreement{}, false},
		"no m-line":           {sdp("c=IN IP4 192.0.2.9", ""), agreement{}, false},
		"a host name":         {sdp("c=IN IP4 example.com", "m=audio 4000 RTP/AVP 8", ""), agreement{}, false},
		"port out of range":   {sdp("c=IN IP4 192.0.2.9", "m=audio 70000 RTP/AVP 8", ""), agreement{}, false},
		"10,000 m-lines":      {sdp("c=IN IP4 192.0.2.9", strings.Repeat("m=audio 1 RTP/AVP 8\r\n", 10000)), agreement{}, false},
		"500 formats":         {sdp("c=IN IP4 192.0.2.9", "m=audio 4000 RTP/AVP"+strings.Repeat(" 8", 500), ""), agreement{}, false},
		"nothing":             {nil, agreement{}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := parseDescription(tt.body)
			var got agreement
			if err == nil {
				got, err = agree(d)
			}
			if (err == nil) != tt.ok || got != tt.want && tt.ok {
				t.Errorf("got %+v, %v; want %+v, ok=%v", got, err, tt.want, tt.ok)
			}
		})
	}
}

// RFC 3264 §6: as many m-lines as offered, in order, the rest with port 0, and
// the mirrored direction.
func TestAnswer(t *testing.T) {
	t.Parallel()
	d, err := parseDescription(sdp("c=IN IP4 192.0.2.9", "m=video 4002 RTP/AVP 96 97", "m=audio 4000 RTP/AVP 0 8 100", "a=rtpmap:100 telephone-event/8000", "m=image 4004 udptl t38", ""))
	if err != nil {
		t.Fatal(err)
	}
	a, err := agree(d)
	if err != nil {
		t.Fatal(err)
	}
	mirror := map[direction]direction{sendRecv: sendRecv, sendOnly: recvOnly, recvOnly: sendOnly, inactive: inactive}
	for theirs, ours := range mirror {
		a.theirs = theirs
		l := local{addr: netip.MustParseAddrPort("192.0.2.1:20000"), session: 7, version: 8}
		want := "v=0\r\no=- 7 8 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" +
			"m=video 0 RTP/AVP 96 97\r\n" +
			"m=audio 20000 RTP/AVP 8 100\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:100 telephone-event/8000\r\na=fmtp:100 0-15\r\na=ptime:20\r\na=" + string(ours) + "\r\n" +
			"m=image 0 udptl t38\r\n"
		if got := string(l.answer(d, a)); got != want {
			t.Errorf("%s answered\n%s\nwant\n%s", theirs, got, want)
		}
	}
}

func TestOurOfferIsOneWeUnderstand(t *testing.T) {
	t.Parallel()
	l := local{addr: netip.MustParseAddrPort("192.0.2.1:20000"), session: 1, version: 1}
	d, err := parseDescription(l.offer(description{}, agreement{}))
	if err != nil {
		t.Fatal(err)
	}
	a, err := agree(d)
	if want := (agreement{remote: l.addr, audio: 8, events: 101, theirs: sendRecv}); err != nil || a != want {
		t.Errorf("%+v, %v; want %+v", a, err, want)
	}
}

// Whatever comes, an answer is a description that we read again.
func FuzzDescription(f *testing.F) {
	f.Add(sdp("c=IN IP4 192.0.2.9", "m=audio 4000 RTP/AVP 0 8 100", "a=rtpmap:100 telephone-event/8000", ""))
	f.Add(sdp("c=IN IP4 0.0.0.0", "a=inactive", "m=audio 4000/2 RTP/AVP 8"))
	f.Add(sdp("m=x 0 y", "a=rtpmap:", "c=IN IP6 ::1/127"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseDescription(b)
		if err != nil {
			return
		}
		a, err := agree(d)
		if err != nil {
			return
		}
		back, err := parseDescription(local{addr: netip.MustParseAddrPort("192.0.2.1:20000")}.answer(d, a))
		if err != nil || len(back.sections) != len(d.sections) {
			t.Errorf("%d sections answered with %d: %v", len(d.sections), len(back.sections), err)
		}
		if err := a.params().Remote; a.sends() && a.remote.IsValid() && err != a.remote {
			t.Errorf("params send to %v", err)
		}
	})
}
