package sip

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// declined are methods that we know and do not serve.
func declined() []string {
	return []string{"REGISTER", "SUBSCRIBE", "NOTIFY", "REFER", "INFO", "MESSAGE", "PUBLISH", "PRACK"}
}

// checkCount bounds what lists come to, once they are taken apart.
func checkCount(req *sip.Request) *refusal {
	if len(req.Headers()) > maxHeaders || len(req.GetHeaders("via")) > maxVias {
		return refused(513, "Message Too Large")
	}
	return nil
}

// checkFrom wants a tag of all but callers of RFC 2543, who send no branch
// either.
func checkFrom(req *sip.Request) *refusal {
	if req.Method != sip.INVITE {
		return nil
	}
	tag, _ := req.From().Params.Get("tag")
	branch, _ := req.Via().Params.Get("branch")
	if tag == "" && strings.HasPrefix(branch, sip.RFC3261BranchMagicCookie) {
		return refused(400, "Missing From Tag")
	}
	return nil
}

// missing are the extensions that a request needs and we lack, as it wrote them.
func missing(req *sip.Request) []string {
	var out []string
	for _, h := range req.GetHeaders("require") {
		for one := range strings.SplitSeq(h.Value(), ",") {
			if one = strings.TrimSpace(one); one != "" && !strings.EqualFold(one, timerOption) {
				out = append(out, one)
			}
		}
	}
	return out
}

// checkAccept refuses a call whose answer could hold no session description
// (RFC 3261 §21.4.7, RFC 4475 §3.3.15).
func checkAccept(req *sip.Request) *refusal {
	given := req.GetHeaders("accept")
	if req.Method != sip.INVITE || len(given) == 0 {
		return nil
	}
	for _, h := range given {
		for one := range strings.SplitSeq(h.Value(), ",") {
			kind, params, _ := strings.Cut(one, ";")
			if takesSDP(kind) && !weightless(params) {
				return nil
			}
		}
	}
	return refused(406, "Not Acceptable", [2]string{"Accept", "application/sdp"})
}

func takesSDP(kind string) bool {
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/sdp", "application/*", "*/*":
		return true
	}
	return false
}

// weightless says whether the parameters of a type are q=0.
func weightless(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			return strings.Trim(strings.TrimSpace(value), "0.") == ""
		}
	}
	return false
}
