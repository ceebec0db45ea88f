package desk

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"hotline/people"
)

// Limits of one socket.
const (
	socketsPerAgent = 8
	outboxLimit     = streamEvents + 256 // frames that may wait to be written
	helloWithin     = 5 * time.Second
	writeWithin     = 5 * time.Second
	partWithin      = time.Second
	frameRate       = 20 // a second
	frameBurst      = 60
	frameRefusals   = 100
)

// Close codes of the protocol.
const (
	closeDrain     = websocket.CloseServiceRestart
	closeGoing     = websocket.CloseGoingAway
	closeBadHello  = 4400
	closeSignedOut = 4401
	closeNoPong    = 4408
	closeSlow      = 4409
	closeTooMany   = 4429
)

// socket is one connection of a desk. Its reader is the HTTP handler's
// goroutine, its writer another; the seat's goroutine owns tab, joined, gen.
type socket struct {
	desk  *Desk
	conn  *websocket.Conn
	token string // of the sign-in
	from  string // the desk's address
	log   *slog.Logger

	tab    string
	joined time.Time
	gen    uint64 // newest leg.offer of this desk

	mu     sync.Mutex
	queue  [][]byte
	ending bool // the queue is followed by a close frame
	code   int
	reason string
	ponged time.Time
	wake   chan struct{}
	deaf   chan struct{} // closed when the reader has ended
	gone   chan struct{} // closed when the writer has ended
}

// send queues frames and never blocks; a desk that does not read is closed.
func (k *socket) send(frames ...[]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ending || len(frames) == 0 {
		return
	}
	if len(k.queue)+len(frames) > outboxLimit {
		k.queue = nil
		k.endWith(closeSlow, "the desk does not read")
		// The writer hangs on a full connection: what waits for a deadline of 5 s
		// holds the queue's memory for as long.
		_ = k.conn.NetConn().SetWriteDeadline(time.Now())
		return
	}
	k.queue = append(k.queue, frames...)
	k.stir()
}

// close ends the socket once what is queued has been written. The first code stays.
func (k *socket) close(code int, reason string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.endWith(code, reason)
}

func (k *socket) endWith(code int, reason string) {
	if !k.ending {
		k.ending, k.code, k.reason = true, code, reason
	}
	k.stir()
}

func (k *socket) stir() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *socket) take() (frames [][]byte, ending bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	frames, k.queue = k.queue, nil
	return frames, k.ending
}

// write is the writer's life: frames, pings, and at last the close frame.
func (k *socket) write() {
	defer close(k.gone)
	defer k.part()
	ping := time.NewTicker(k.desk.o.Config.PingEvery)
	defer ping.Stop()
	for {
		select {
		case <-k.wake:
			if !k.flush() {
				return
			}
		case <-ping.C:
			k.ping()
		}
	}
}

// part closes the connection, once the desk has answered the close frame: to
// close earlier could destroy the frame on its way (RFC 6455 §7.1.1).
func (k *socket) part() {
	select {
	case <-k.deaf:
	case <-time.After(partWithin):
	}
	_ = k.conn.Close()
}

// drain reads what the desk still sends, for as long as part waits.
func (k *socket) drain() {
	defer close(k.deaf)
	if k.conn.SetReadDeadline(time.Now().Add(partWithin)) != nil {
		return
	}
	for {
		if _, _, err := k.conn.NextReader(); err != nil {
			return
		}
	}
}

// guard verifies the sign-in while the socket is open. It has a goroutine of
// its own: the store of sign-ins may be slow, a ring must not be.
func (k *socket) guard() {
	recheck := time.NewTicker(k.desk.o.Config.Recheck)
	defer recheck.Stop()
	for {
		select {
		case <-recheck.C:
			k.recheck()
		case <-k.gone:
			return
		}
	}
}

// flush writes what waits; false when the socket has ended.
func (k *socket) flush() bool {
	frames, ending := k.take()
	for _, f := range frames {
		if err := k.conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
			return k.broken(err)
		}
		if err := k.conn.WriteMessage(websocket.TextMessage, f); err != nil {
			return k.broken(err)
		}
	}
	if ending {
		message := websocket.FormatCloseMessage(k.code, k.reason)
		_ = k.conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
	}
	return !ending
}

func (k *socket) broken(err error) bool {
	code, reason := closeGoing, "write failed"
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		code, reason = closeSlow, "the desk does not read"
	}
	k.close(code, reason)
	return false
}

type atData struct {
	At stamp `json:"at"`
}

// ping asks for a sign of life, and gives up on a desk that gives none.
func (k *socket) ping() {
	k.mu.Lock()
	silent := time.Since(k.ponged)
	k.mu.Unlock()
	if silent > k.desk.o.Config.PongWithin {
		k.close(closeNoPong, "no pong")
		return
	}
	k.send(frame("ping", "", 0, atData{stamp(k.desk.o.Now())}))
}

func (k *socket) pong() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ponged = time.Now()
}

// recheck ends a socket whose sign-in is over. When the sign-ins cannot be
// asked it stays: a citizen may be on the line.
func (k *socket) recheck() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := k.desk.o.People.Authenticate(ctx, k.token); errors.Is(err, people.ErrNoSession) {
		k.send(frame("kicked", "", 0, kickedData{kickedSessionEnded}))
		k.close(closeSignedOut, kickedSessionEnded)
	}
}

// The reasons of a kick.
const (
	kickedSignedOut    = "signed_out"
	kickedSessionEnded = "session_ended"
)

// read is the reader's life: hello, then commands, until the socket ends.
func (k *socket) read(account people.Account) {
	h, err := k.hello()
	if err != nil {
		k.send(errorFrame("", err))
		k.close(closeBadHello, "hello")
		return
	}
	s := k.desk.join(account, k, h)
	if s == nil {
		k.close(closeDrain, "drain")
		return
	}
	defer s.post(func() { s.left(k) })
	k.follow(s)
}

func (k *socket) hello() (helloData, error) {
	var h helloData
	if err := k.conn.SetReadDeadline(time.Now().Add(helloWithin)); err != nil {
		return h, err
	}
	e, err := k.next()
	if err != nil {
		return h, err
	}
	if e.Type != "hello" {
		return h, wrongField("type", "应先发送 hello / want hello first")
	}
	if err := decodeStrict(e.Data, &h); err != nil {
		return h, err
	}
	if err := h.check(); err != nil {
		return h, err
	}
	return h, k.conn.SetReadDeadline(time.Time{})
}

// next reads one frame. Errors that are no *Problem end the socket.
func (k *socket) next() (envelope, error) {
	kind, data, err := k.conn.ReadMessage()
	if err != nil {
		return envelope{}, err
	}
	if kind != websocket.TextMessage {
		return envelope{}, problem(InvalidJSON, "只接受文本帧 / text frames only")
	}
	return readEnvelope(data)
}

// follow takes commands until the connection ends.
func (k *socket) follow(s *seat) {
	limit := rate.NewLimiter(frameRate, frameBurst)
	refused := 0
	for {
		e, err := k.next()
		var p *Problem
		switch {
		case err != nil && !errors.As(err, &p):
			return
		case !limit.Allow():
			k.desk.metrics.limited.Inc()
			if refused++; refused > frameRefusals {
				k.close(closeTooMany, "too many frames")
				return
			}
			k.send(errorFrame(answerable(e.ID), problem(RateLimited, "操作过于频繁 / too many frames")))
		case err != nil:
			k.send(errorFrame(answerable(e.ID), err))
		case e.Type == "pong":
			k.pong()
		case !s.post(func() { s.command(k, e) }):
			k.close(closeGoing, "the seat is gone")
			return
		}
	}
}

// answerable is an ID worth repeating.
func answerable(id string) string {
	if len(id) > 26 {
		return ""
	}
	return id
}
