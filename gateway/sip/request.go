package sip

import (
	"mime"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// methods are those we serve; RFC 3261 §8.2.1 tells those that we know and do
// not serve (405) from those that nobody has told us of (501).
func methods() []string { return []string{"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE"} }

func known(method string) bool { return slices.Contains(methods(), method) }

func allowHeader() [2]string { return [2]string{"Allow", strings.Join(methods(), ", ")} }

// check is what sipgo's parser leaves unchecked (RFC 3261 §8.2, RFC 4475). It
// returns the refusal that a request deserves, or nil.
func check(req *sip.Request) *refusal {
	for _, test := range []func(*sip.Request) *refusal{
		checkVersion, checkCount, checkHeaders, checkSingles, checkCSeq, checkHops, checkMethod, checkTarget,
		checkExtensions, checkAccept, checkBody,
	} {
		if r := test(req); r != nil {
			return r
		}
	}
	return nil
}

func checkVersion(req *sip.Request) *refusal {
	if req.GetHeader(versionHeader) != nil {
		return refused(505, "Version Not Supported")
	}
	return nil
}

func checkHeaders(req *sip.Request) *refusal {
	if req.From() == nil || req.To() == nil || req.CallID() == nil || req.CSeq() == nil || req.Via() == nil {
		return refused(400, "Missing Header")
	}
	if strings.ContainsFunc(req.CallID().Value(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return refused(400, "Bad Call-ID")
	}
	return checkFrom(req)
}

// checkSingles refuses a second value of what may be there once only: two
// elements might each believe another one.
func checkSingles(req *sip.Request) *refusal {
	seen := map[string]bool{}
	for _, h := range req.Headers() {
		name := fullName(h.Name())
		if name == "" {
			continue
		}
		if seen[name] {
			return refused(400, "Repeated "+name)
		}
		seen[name] = true
	}
	return nil
}

// fullName of a header that may occur once; "" for all others.
func fullName(name string) string {
	switch strings.ToLower(name) {
	case "from", "f":
		return "From"
	case "to", "t":
		return "To"
	case "call-id", "i":
		return "Call-ID"
	case "cseq":
		return "CSeq"
	case "max-forwards":
		return "Max-Forwards"
	case "content-length", "l":
		return "Content-Length"
	case "content-type", "c":
		return "Content-Type"
	}
	return ""
}

func checkCSeq(req *sip.Request) *refusal {
	// The stack has written the method in capitals; in the CSeq it stands as sent.
	if !strings.EqualFold(string(req.CSeq().MethodName), string(req.Method)) {
		return refused(400, "CSeq Method Mismatch")
	}
	return nil
}

func checkHops(req *sip.Request) *refusal {
	hops := req.MaxForwards()
	switch {
	case hops == nil: // RFC 2543 peers do not send it
	case hops.Val() == 0:
		return refused(483, "Too Many Hops")
	case hops.Val() > 255:
		return refused(400, "Bad Max-Forwards")
	}
	return nil
}

func checkMethod(req *sip.Request) *refusal {
	switch sent := string(req.CSeq().MethodName); {
	case known(sent):
		return nil
	case slices.Contains(declined(), sent):
		return refused(405, "Method Not Allowed", allowHeader())
	}
	return refused(501, "Not Implemented", allowHeader())
}

func checkTarget(req *sip.Request) *refusal {
	switch req.Recipient.Scheme {
	case "sip", "sips", "tel", "":
		if len(req.Recipient.Headers) > 0 { // RFC 3261 §19.1.1, RFC 4475 §3.1.2.11
			return refused(400, "Header In Request-URI")
		}
		return nil
	}
	return refused(416, "Unsupported URI Scheme")
}

// checkExtensions refuses what the peer requires and we do not have: all but
// the session timer. CANCEL and ACK are exempt (RFC 3261 §8.2.2.3).
func checkExtensions(req *sip.Request) *refusal {
	if req.Method == sip.CANCEL || req.Method == sip.ACK {
		return nil
	}
	missing := missing(req)
	if len(missing) == 0 {
		return nil
	}
	return refused(420, "Bad Extension", [2]string{"Unsupported", strings.Join(missing, ", ")})
}

func checkBody(req *sip.Request) *refusal {
	if len(req.Body()) == 0 || (req.Method != sip.INVITE && req.Method != sip.UPDATE) {
		return nil
	}
	if encoding := req.GetHeader("content-encoding"); encoding != nil && !strings.EqualFold(encoding.Value(), "identity") {
		return refused(415, "Unsupported Media Type", [2]string{"Accept-Encoding", "identity"})
	}
	if _, err := sessionBody(req); err != nil {
		return refused(415, "Unsupported Media Type", [2]string{"Accept", "application/sdp"})
	}
	return nil
}

// mediaType of a body, lower case and without parameters.
func mediaType(contentType string) (string, map[string]string) {
	t, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", nil
	}
	return t, params
}
