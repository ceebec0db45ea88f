package web

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hotline/channels"
	"hotline/contact"
)

// What a client's frame may be at fault in; the text is the code of a nack or
// problem.
var (
	errFrame   = errors.New("bad_frame")
	errCMID    = errors.New("bad_cmid")
	errEmpty   = errors.New("empty")
	errTooLong = errors.New("too_long")
	errTopic   = errors.New("bad_topic")
)

// frame is what a client may say. Which fields count depends on Type.
type frame struct {
	Type         string `json:"type"`
	Version      int    `json:"v"`            // hello
	Ticket       string `json:"ticket"`       // hello
	Conversation string `json:"conversation"` // hello: the last one seen
	LastSeq      int64  `json:"last_seq"`     // hello
	CMID         string `json:"cmid"`         // send
	Text         string `json:"text"`         // send
	Topic        string `json:"topic"`        // send: counts when this opens a conversation
	Seq          int64  `json:"seq"`          // read
}

// decode reads a frame of any type; unknown fields and types are the future's.
func decode(text []byte) (frame, error) {
	var f frame
	if err := json.Unmarshal(text, &f); err != nil || f.Type == "" {
		return frame{}, errFrame
	}
	if f.LastSeq < 0 || f.Seq < 0 {
		return frame{}, errFrame
	}
	return f, nil
}

// checkSend judges a message and returns its text without control characters.
func checkSend(cmid, text string) (string, error) {
	if _, err := contact.ParseID(cmid); err != nil {
		return "", errCMID
	}
	text = strings.Map(visible, strings.ToValidUTF8(text, "\uFFFD"))
	switch {
	case strings.TrimSpace(text) == "":
		return "", errEmpty
	case utf8.RuneCountInString(text) > contact.LongestText:
		return "", errTooLong
	}
	return text, nil
}

// visible drops what no citizen types: control characters but for line breaks
// and tabs, and the marks that turn a line's direction (CVE-2021-42574).
func visible(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
		return -1
	}
	return r
}

// stamp is a time as the protocol writes it: RFC 3339, UTC, milliseconds.
type stamp time.Time

// MarshalJSON implements json.Marshaler.
func (s stamp) MarshalJSON() ([]byte, error) {
	return []byte(time.Time(s).UTC().Format(`"2006-01-02T15:04:05.000Z"`)), nil
}

type limits struct {
	Text    int `json:"text"`  // characters
	Frame   int `json:"frame"` // bytes
	Rate    int `json:"rate"`  // messages a second
	Burst   int `json:"burst"`
	Sockets int `json:"sockets"`
}

func ourLimits() limits {
	return limits{Text: contact.LongestText, Frame: frameLimit, Rate: visitorRate, Burst: visitorBurst, Sockets: socketsPerVisitor}
}

// stateData is a conversation as its visitor sees it.
type stateData struct {
	Conversation contact.ID      `json:"conversation"` // empty before the first message
	State        Phase           `json:"state"`
	HeadSeq      int64           `json:"head_seq"`
	ReadSeq      int64           `json:"read_seq"`
	Agent        contact.AgentID `json:"agent,omitempty"` // 工号
	Queue        *queueData      `json:"queue,omitempty"`
}

func describe(s State) stateData {
	d := stateData{Conversation: s.ID, State: s.Phase, HeadSeq: s.Head, ReadSeq: s.Read, Agent: s.Agent}
	if s.Place != nil {
		d.Queue = newQueueData(*s.Place)
	}
	return d
}

// queueData is the place in the queue; Low and High are minutes, and missing
// when nothing honest can be said.
type queueData struct {
	Place int  `json:"place"` // how many are before
	Low   *int `json:"low,omitempty"`
	High  *int `json:"high,omitempty"`
}

func newQueueData(p channels.Place) *queueData {
	q := &queueData{Place: p.Place}
	if p.Known {
		q.Low, q.High = &p.Low, &p.High
	}
	return q
}

// eventData is a stored event as the visitor sees it.
type eventData struct {
	Type         string          `json:"type"` // event
	Conversation contact.ID      `json:"conversation"`
	Seq          int64           `json:"seq"`
	Kind         Kind            `json:"kind"`
	At           stamp           `json:"at"`
	ID           string          `json:"id,omitempty"`
	CMID         string          `json:"cmid,omitempty"` // of the citizen's own
	From         contact.Author  `json:"from,omitempty"`
	Agent        contact.AgentID `json:"agent,omitempty"`
	Text         string          `json:"text,omitempty"`
	Cause        string          `json:"cause,omitempty"`
}

func newEventData(e Event) eventData {
	d := eventData{Type: "event", Conversation: e.Conversation, Seq: e.Seq, Kind: e.Kind, At: stamp(e.At), Agent: e.Agent}
	switch e.Kind {
	case Wrote:
		d.ID, d.From, d.Agent, d.Text = e.Message.ID, e.Message.From, e.Message.Agent, e.Message.Text
		if d.From == contact.ByCitizen {
			d.CMID = e.CMID
		}
	case Closed:
		d.Cause = e.Cause.String()
	case Joined:
	}
	return d
}

// ackData says that a message is kept.
type ackData struct {
	Type         string     `json:"type"` // ack
	CMID         string     `json:"cmid"`
	ID           string     `json:"id"`
	Conversation contact.ID `json:"conversation"`
	Seq          int64      `json:"seq"`
	At           stamp      `json:"at"`
}

func newAck(e Event) ackData {
	return ackData{Type: "ack", CMID: e.CMID, ID: e.Message.ID, Conversation: e.Conversation, Seq: e.Seq, At: stamp(e.At)}
}

type nackData struct {
	Type  string `json:"type"` // nack
	CMID  string `json:"cmid"`
	Code  string `json:"code"`
	Retry int64  `json:"retry_ms,omitempty"` // to be sent again then; without it, never
}

type welcomeData struct {
	Type    string `json:"type"` // welcome
	Visitor string `json:"visitor_id"`
	stateData
	Now    stamp  `json:"now"`
	Ping   int    `json:"ping_s"`
	Limits limits `json:"limits"`
}

type gapData struct {
	Type         string     `json:"type"` // gap
	Conversation contact.ID `json:"conversation"`
	From         int64      `json:"from"`
	To           int64      `json:"to"`
}

type signalData struct {
	Type   string `json:"type"`   // signal
	Signal string `json:"signal"` // queued, queue, typing
	*queueData
	On      *bool `json:"on,omitempty"`         // of typing
	Expires int64 `json:"expires_ms,omitempty"` // of typing
}

// QueuedSignal tells the visitor's sockets that the citizen waits.
func QueuedSignal() []byte { return toJSON(signalData{Type: "signal", Signal: "queued"}) }

// QueueSignal tells the visitor's sockets the place.
func QueueSignal(p channels.Place) []byte {
	return toJSON(signalData{Type: "signal", Signal: "queue", queueData: newQueueData(p)})
}

func typingSignal(on bool) []byte {
	return toJSON(signalData{Type: "signal", Signal: "typing", On: &on, Expires: typingExpires.Milliseconds()})
}

// toJSON writes what cannot fail: our own frames hold no maps, floats or
// foreign types.
func toJSON(v any) []byte {
	text, _ := json.Marshal(v)
	return text
}
