package web

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/oklog/ulid/v2"
	"golang.org/x/time/rate"

	"hotline/contact"
)

// Limits of the protocol.
const (
	frameLimit        = 64 << 10 // bytes
	helloWithin       = 5 * time.Second
	writeWithin       = 10 * time.Second
	partWithin        = time.Second
	pingEvery         = 25 * time.Second
	ticketLife        = 30 * time.Second
	visitorRate       = 1 // messages a second
	visitorBurst      = 10
	socketsPerVisitor = 5
	frameRate         = 20 // frames of any kind a second
	frameBurst        = 200
	nacksInARow       = 100
	catchUpMost       = 200 // events that a resume sends by itself
	catchUpLast       = 50  // of more than that
	framesKept        = 16
)

// Close codes of the protocol.
const (
	closeHello    = 4400
	closeTicket   = 4401
	closeOrigin   = 4403
	closeReplaced = 4409
	closeRate     = 4429
	closeTooBig   = websocket.CloseMessageTooBig
	closeRestart  = websocket.CloseServiceRestart
	closeAway     = websocket.CloseTryAgainLater
	closeDead     = websocket.CloseGoingAway
)

// position is how far a socket has come in which conversation.
type position struct {
	id   contact.ID
	seq  int64
	over bool // its end has been sent
}

// socket is one connection of a citizen's page. Its reader is the HTTP
// handler's goroutine, its writer another, which alone writes frames and owns
// at. What the log holds is read by the writer when it can write: a slow page
// costs no memory.
type socket struct {
	web     *Web
	conn    *websocket.Conn
	id      string
	origin  string
	self    string
	address string

	ticket Ticket
	ref    string
	watch  *watch
	frames *rate.Limiter
	ping   time.Duration

	at      position
	barrier string // cmid that must come next, after it was put off
	nacks   int    // in a row
	out     chan []byte
	drains  chan time.Duration
	ending  chan struct{} // closed once code holds
	written chan struct{} // closed when the writer has ended
	deaf    chan struct{} // closed when the reader has ended
	once    sync.Once
	code    int
}

func (w *Web) newSocket(conn *websocket.Conn, origin, self, address string) *socket {
	conn.SetReadLimit(frameLimit)
	return &socket{
		web: w, conn: conn, id: ulid.Make().String(), origin: origin, self: self, address: address, ping: w.ping,
		frames: rate.NewLimiter(frameRate, frameBurst), out: make(chan []byte, framesKept),
		drains: make(chan time.Duration, 1), ending: make(chan struct{}),
		written: make(chan struct{}), deaf: make(chan struct{}),
	}
}

// close ends the socket with that code; the first stays.
func (k *socket) close(code int) {
	k.once.Do(func() { k.code = code; close(k.ending) })
}

// drain never blocks.
func (k *socket) drain(within time.Duration) {
	if within <= 0 {
		k.close(closeRestart)
		return
	}
	select {
	case k.drains <- within:
	default:
	}
}

// run is the reader's life, from hello to the end.
func (k *socket) run(ctx context.Context) {
	if code := k.hello(ctx); code != 0 {
		k.close(code)
		k.deafen()
		close(k.written)
		k.part()
		return
	}
	k.watch = k.web.feed.add(k.ref, k.id)
	defer k.web.feed.remove(k.watch)
	defer k.exit(ctx)
	go k.write(ctx)
	k.read(ctx)
	k.deafen()
	<-k.written
}

// deafen reads what the page still sends after our close frame, so that the
// frame is not destroyed on its way (RFC 6455 §7.1.1).
func (k *socket) deafen() {
	defer close(k.deaf)
	select {
	case <-k.ending:
	default:
		k.close(closeDead)
		return
	}
	if k.watch == nil {
		k.sendClose()
	}
	_ = k.conn.SetReadDeadline(time.Now().Add(partWithin))
	for range 1000 {
		if _, _, err := k.conn.NextReader(); err != nil {
			return
		}
	}
}

func (k *socket) sendClose() {
	message := websocket.FormatCloseMessage(k.code, "")
	_ = k.conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
}

func (k *socket) part() {
	k.web.metrics.closes.WithLabelValues(strconv.Itoa(k.code)).Inc()
	_ = k.conn.Close()
}

func (k *socket) exit(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWithin)
	defer cancel()
	_ = k.web.store.Exit(ctx, k.ref, k.id) // else it is the oldest, and the next to be replaced
}

// hello lets the page in, or tells the close code.
func (k *socket) hello(ctx context.Context) int {
	_ = k.conn.SetReadDeadline(time.Now().Add(helloWithin))
	_, text, err := k.conn.ReadMessage()
	if errors.Is(err, websocket.ErrReadLimit) {
		return closeTooBig
	}
	f, bad := decode(text)
	if err != nil || bad != nil || f.Type != "hello" || f.Version != 1 {
		return closeHello
	}
	if code := k.admit(ctx, f.Ticket); code != 0 {
		return code
	}
	return k.welcome(ctx, f)
}

// admit takes the ticket and counts the socket.
func (k *socket) admit(ctx context.Context, ticket string) int {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	t, err := k.web.store.TakeTicket(ctx, hashOf(ticket))
	if errors.Is(err, ErrNoTicket) {
		return closeTicket
	}
	if err != nil {
		return closeAway
	}
	account, ok := k.web.o.Config.account(t.Account)
	if !ok {
		return closeTicket
	}
	if !account.lets(k.origin, k.self) {
		return closeOrigin
	}
	k.ticket, k.ref = t, k.web.ref(t.Visitor)
	if k.web.store.Enter(ctx, k.ref, k.id, socketsPerVisitor) != nil {
		return closeAway
	}
	return 0
}

// welcome says how things stand; the log is read after the watch has begun.
func (k *socket) welcome(ctx context.Context, f frame) int {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	s, err := k.web.store.Current(ctx, k.ref)
	if err != nil {
		return closeAway
	}
	var head int64
	k.at, head = k.resume(ctx, f, s)
	k.out <- toJSON(welcomeData{
		Type: "welcome", Visitor: k.ticket.Visitor, stateData: describe(s), Now: stamp(k.web.now()),
		Ping: int(pingEvery / time.Second), Limits: ourLimits(),
	})
	k.skip(head)
	return 0
}

// skip says honestly that there is more than a resume sends: the page reads it
// over HTTP.
func (k *socket) skip(head int64) {
	if head-k.at.seq <= catchUpMost {
		return
	}
	gap := gapData{Type: "gap", Conversation: k.at.id, From: k.at.seq + 1, To: head - catchUpLast}
	k.at.seq = gap.To
	k.out <- toJSON(gap)
}

// resume is where the page left off, and how far that conversation is: the
// current one, or the one before it, whose end the page has not seen yet.
func (k *socket) resume(ctx context.Context, f frame, s State) (at position, head int64) {
	if id, err := contact.ParseID(f.Conversation); err == nil {
		if id != s.ID {
			if old, err := k.web.store.Find(ctx, k.ref, id); err == nil {
				s = old
			}
		}
		if id == s.ID && f.LastSeq <= s.Head {
			return position{id: id, seq: f.LastSeq, over: s.Phase == Over && f.LastSeq == s.Head}, s.Head
		}
	}
	return position{id: s.ID}, s.Head
}

// read is the reader's loop; it ends with the connection.
func (k *socket) read(ctx context.Context) {
	alive := func() { _ = k.conn.SetReadDeadline(time.Now().Add(2*k.ping + k.ping/5)) }
	k.conn.SetPongHandler(func(string) error { alive(); return nil })
	for {
		alive()
		_, text, err := k.conn.ReadMessage()
		if errors.Is(err, websocket.ErrReadLimit) {
			k.close(closeTooBig)
		}
		if err != nil || !k.frames.Allow() {
			if err == nil {
				k.close(closeRate)
			}
			return
		}
		f, err := decode(text)
		if err != nil {
			k.close(closeHello)
			return
		}
		k.hear(ctx, f)
		if k.isEnding() {
			return
		}
	}
}

func (k *socket) isEnding() bool {
	select {
	case <-k.ending:
		return true
	default:
		return false
	}
}

func (k *socket) hear(ctx context.Context, f frame) {
	switch f.Type {
	case "send":
		k.send(k.take(ctx, f))
	case "read":
		k.mark(ctx, f)
	}
}

// send hands a frame to the writer.
func (k *socket) send(text []byte) {
	select {
	case k.out <- text:
	case <-k.ending:
	case <-k.written:
	}
}

// mark keeps how far the citizen has read; that may be lost.
func (k *socket) mark(ctx context.Context, f frame) {
	id, err := contact.ParseID(f.Conversation)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	_, _ = k.web.store.Mark(ctx, k.ref, id, f.Seq)
}

// take keeps a message: an ack, or a nack. After one was put off, all others
// are until it has come again, so that the order stays the citizen's.
func (k *socket) take(ctx context.Context, f frame) []byte {
	if k.barrier != "" && f.CMID != k.barrier {
		return k.nack(f.CMID, fault{code: "try_again", retry: retryStore})
	}
	p, flt := k.web.prepare(k.ticket, k.ref, k.address, f)
	if flt.code == "" {
		ctx, cancel := context.WithTimeout(ctx, storeWithin)
		defer cancel()
		e, err := k.web.post(ctx, p)
		if err == nil {
			k.barrier, k.nacks = "", 0
			return toJSON(newAck(e))
		}
		flt = faultOf(err)
	}
	k.barrier = ""
	if flt.retry > 0 {
		k.barrier = f.CMID
	}
	return k.nack(f.CMID, flt)
}

func (k *socket) nack(cmid string, f fault) []byte {
	k.web.metrics.nacks.WithLabelValues(f.code).Inc()
	if k.nacks++; k.nacks > nacksInARow {
		k.close(closeRate)
	}
	return toJSON(nackData{Type: "nack", CMID: cmid, Code: f.code, Retry: f.retry.Milliseconds()})
}

// leaveAfter is a random moment, so that not all pages come back at once.
func leaveAfter(within time.Duration) time.Duration {
	return time.Duration(rand.Int64N(int64(within) + 1)) //nolint:gosec // spreads load, keeps no secret
}
