package desk

import (
	"encoding/json"
	"fmt"

	"hotline/contact"
)

// version of the protocol.
const version = 1

// envelope is one frame of the socket.
type envelope struct {
	V    int             `json:"v"`
	ID   string          `json:"id,omitempty"`
	Seq  uint64          `json:"seq,omitempty"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// maxType is the longest type of a frame, in bytes.
const maxType = 32

// readEnvelope reads a desk's frame. Data is an object; an ID is a ULID, and
// only frames that get no answer may lack it.
func readEnvelope(frame []byte) (envelope, error) {
	var e envelope
	if err := decodeStrict(frame, &e); err != nil {
		return e, err
	}
	switch {
	case e.V != version:
		return e, wrongField("v", fmt.Sprintf("协议版本应为 %d / want version %d", version, version))
	case e.Type == "" || len(e.Type) > maxType:
		return e, wrongField("type", "类型无效 / not a type")
	case e.Seq != 0:
		return e, wrongField("seq", "只有服务器编号 / only the server numbers")
	case len(e.Data) == 0 || e.Data[0] != '{':
		return e, wrongField("data", "应为对象 / want an object")
	}
	return e, checkCommandID(e)
}

func checkCommandID(e envelope) error {
	if e.ID == "" && (e.Type == "hello" || e.Type == "pong") {
		return nil
	}
	if _, err := contact.ParseID(e.ID); err != nil {
		return wrongField("id", "应为 ULID / want a ULID")
	}
	return nil
}

// frame writes a frame of the server.
func frame(kind, id string, seq uint64, data any) []byte {
	raw, err := json.Marshal(data)
	if err != nil { // our own structs: cannot fail
		raw = []byte("{}")
	}
	b, err := json.Marshal(envelope{V: version, ID: id, Seq: seq, Type: kind, Data: raw})
	if err != nil {
		return nil
	}
	return b
}

// nothing is the data of frames that carry none.
type nothing struct{}

func ackFrame(id string) []byte { return frame("ack", id, 0, nothing{}) }

func errorFrame(id string, err error) []byte {
	return frame("error", id, 0, errorBody{Error: problemOf(err)})
}
