package sip

import "github.com/emiago/sipgo/sip"

// markHeader says, within this process only, that the To tag is our own. It is
// no header that sipgo copies into answers.
const markHeader = "Hotline-Marked"

// mark gives a new INVITE our To tag as it comes off the wire, so that every
// answer carries the same one: sipgo's own 100 and 487 too, which it builds
// from the request. It runs on the reader's goroutine, before any other has
// the message.
func mark(m sip.Message) {
	req, ok := m.(*sip.Request)
	if !ok || req.Method != sip.INVITE || req.To() == nil {
		return
	}
	for h := req.GetHeader(markHeader); h != nil; h = req.GetHeader(markHeader) {
		req.RemoveHeader(h.Name()) // a peer's forgery
	}
	if req.To().Params.Has("tag") {
		return
	}
	req.To().Params.Add("tag", newTag())
	req.AppendHeader(sip.NewHeader(markHeader, "1"))
}
