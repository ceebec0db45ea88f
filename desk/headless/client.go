package headless

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/oklog/ulid/v2"
)

// Frame is one frame of the socket, either way.
type Frame struct {
	V    int             `json:"v"`
	ID   string          `json:"id,omitempty"`
	Seq  uint64          `json:"seq,omitempty"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// Error is a refusal of the server.
type Error struct {
	Code    string       `json:"code"`
	Message string       `json:"message"`
	Field   string       `json:"field"`
	Fields  []FieldError `json:"fields"`
}

// FieldError names one wrong field of a form.
type FieldError struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string {
	if e.Field != "" {
		return "desk: " + e.Code + " " + e.Field + ": " + e.Message
	}
	return "desk: " + e.Code + ": " + e.Message
}

// Hello opens a socket.
type Hello struct {
	Epoch   string `json:"epoch"`
	LastSeq uint64 `json:"last_seq"`
	Tab     string `json:"tab"`
	Phone   string `json:"phone"` // ask, take or view
	Build   string `json:"build"`
}

// Welcome is the answer to Hello.
type Welcome struct {
	Epoch    string          `json:"epoch"`
	Seq      uint64          `json:"seq"`
	Node     string          `json:"node"`
	Now      time.Time       `json:"now"`
	Resumed  bool            `json:"resumed"`
	Phone    bool            `json:"phone"`
	Other    json.RawMessage `json:"other"`
	Snapshot *Snapshot       `json:"snapshot"`
}

// Snapshot is the whole state of a seat.
type Snapshot struct {
	Agent AgentState `json:"agent"`
	Call  *CallState `json:"call"`
	// Conversations are those at the seat.
	Conversations []ConversationState `json:"conversations"`
	Now           time.Time           `json:"now"`
}

// AgentState is the data of agent.changed.
type AgentState struct {
	State   string   `json:"state"`
	Reason  string   `json:"reason"`
	Pending *Pending `json:"pending"`
	Leg     string   `json:"leg"`
	Missed  int      `json:"missed"`
	// BackAt is when the seat gets ready by itself; nil: it does not.
	BackAt *time.Time     `json:"back_at"`
	Slots  map[string]int `json:"slots"`
}

// Pending is a change of state that waits.
type Pending struct {
	State  string `json:"state"`
	Reason string `json:"reason"`
}

// CallState is what call.offered and call.changed tell.
type CallState struct {
	Contact  string     `json:"contact"`
	Token    uint64     `json:"token"`
	State    string     `json:"state"`
	Muted    bool       `json:"muted"`
	Source   string     `json:"source"`
	Caller   string     `json:"caller"`
	WaitedMS int64      `json:"waited_ms"`
	Until    *time.Time `json:"until"`
	Extended int        `json:"extended"`
	Cause    string     `json:"cause"`
	Node     string     `json:"node"` // where the audio is wanted; empty: the desk's own
}

// ConversationState is the data of conversation.offered and conversation.changed.
type ConversationState struct {
	Contact      string     `json:"contact"`
	Token        uint64     `json:"token"`
	State        string     `json:"state"`
	Channel      string     `json:"channel"`
	Account      string     `json:"account"`
	Topic        string     `json:"topic"`
	Citizen      string     `json:"citizen"`
	WaitedMS     int64      `json:"waited_ms"`
	Until        *time.Time `json:"until"`
	Extended     int        `json:"extended"`
	Cause        string     `json:"cause"`
	LastSeq      int64      `json:"last_seq"`
	Turn         string     `json:"turn"`
	ReplyDueAt   *time.Time `json:"reply_due_at"`
	ReplyOverdue bool       `json:"reply_overdue"`
	ClosesAt     *time.Time `json:"closes_at"`
}

// Message is one message of a thread.
type Message struct {
	ID    string    `json:"id"`
	Seq   int64     `json:"seq"`
	From  string    `json:"from"`
	Agent string    `json:"agent"`
	Text  string    `json:"text"`
	At    time.Time `json:"at"`
}

// MessageEvent is the data of the event message.
type MessageEvent struct {
	Contact string  `json:"contact"`
	CMID    string  `json:"cmid"`
	Message Message `json:"message"`
}

// ErrClosed says that the socket has ended.
var ErrClosed = errors.New("headless: the socket has ended")

// Client is one socket to a node. Frames come in order from Frames; pings are
// answered by it. Its methods may be called from any goroutine.
type Client struct {
	conn    *websocket.Conn
	frames  chan Frame
	done    chan struct{}
	welcome Welcome

	mu      sync.Mutex // of writing and of waiting
	waiting map[string]chan Frame
	err     error
	silent  bool
	queue   []Frame
	wake    chan struct{}
}

// Open connects with the token of a sign-in and says hello. base is the node's
// address, such as http://127.0.0.1:8080.
func Open(ctx context.Context, base, token string, h Hello) (*Client, error) {
	header := http.Header{"Origin": {base}, "Cookie": {cookieName + "=" + token}}
	address := "ws" + strings.TrimPrefix(base, "http") + "/desk/socket"
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, address, header)
	if resp != nil {
		defer drainBody(resp)
	}
	if err != nil {
		return nil, openError(resp, err)
	}
	c := &Client{
		conn: conn, frames: make(chan Frame), done: make(chan struct{}),
		waiting: make(map[string]chan Frame), wake: make(chan struct{}, 1),
	}
	if err := c.greet(ctx, h); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	go c.read()
	go c.deliver()
	return c, nil
}

// ErrUnauthenticated says that the sign-in is over.
var ErrUnauthenticated = errors.New("headless: not signed in")

func openError(resp *http.Response, err error) error {
	if resp == nil {
		return fmt.Errorf("headless: open socket: %w", err)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return fmt.Errorf("headless: open socket: %w", ErrUnauthenticated)
	}
	return fmt.Errorf("headless: open socket: status %d: %w", resp.StatusCode, err)
}

// greet says hello and waits for the welcome.
func (c *Client) greet(ctx context.Context, h Hello) error {
	if h.Tab == "" {
		h.Tab = ulid.Make().String()
	}
	if h.Phone == "" {
		h.Phone = "ask"
	}
	if err := c.write("hello", "", h); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	f, err := c.next()
	if err != nil {
		return fmt.Errorf("headless: hello: %w", err)
	}
	if f.Type != "welcome" {
		return fmt.Errorf("headless: hello: %w", refusal(f))
	}
	if err := json.Unmarshal(f.Data, &c.welcome); err != nil {
		return fmt.Errorf("headless: welcome: %w", err)
	}
	return nil
}

// Welcome is what the server said to hello.
func (c *Client) Welcome() Welcome { return c.welcome }

// Frames are all frames but acknowledgements and pings, in order. It is closed
// when the socket has ended.
func (c *Client) Frames() <-chan Frame { return c.frames }

// Do sends a command and waits for its acknowledgement or *Error.
func (c *Client) Do(ctx context.Context, kind string, data any) error {
	return c.DoAs(ctx, ulid.Make().String(), kind, data)
}

// DoAs is Do under an ID of the caller's: repeats have no second effect.
func (c *Client) DoAs(ctx context.Context, id, kind string, data any) error {
	answer := make(chan Frame, 1)
	c.mu.Lock()
	c.waiting[id] = answer
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiting, id)
	}()
	if err := c.write(kind, id, data); err != nil {
		return err
	}
	select {
	case f := <-answer:
		return refusal(f)
	case <-c.done:
		return fmt.Errorf("headless: %s: %w", kind, c.Err())
	case <-ctx.Done():
		return fmt.Errorf("headless: %s: %w", kind, ctx.Err())
	}
}

// refusal is the *Error of an error frame, nil for others.
func refusal(f Frame) error {
	if f.Type != "error" {
		return nil
	}
	var body struct {
		Error *Error `json:"error"`
	}
	if err := json.Unmarshal(f.Data, &body); err != nil || body.Error == nil {
		return errors.New("headless: an error without its object")
	}
	return body.Error
}

// Close ends the socket and waits for it.
func (c *Client) Close() error {
	c.mu.Lock()
	_ = c.conn.WriteControl(websocket.CloseMessage,
		websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	c.mu.Unlock()
	err := c.conn.Close()
	<-c.done
	for range c.frames {
	}
	return err
}

// Err is why the socket ended: a *websocket.CloseError when the server said so.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(ErrClosed, c.err)
}

// Mute stops or resumes the answering of pings, for tests.
func (c *Client) Mute(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent = on
}

func (c *Client) write(kind, id string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("headless: %s: %w", kind, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.conn.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return fmt.Errorf("headless: %s: %w", kind, err)
	}
	if err := c.conn.WriteJSON(Frame{V: 1, ID: id, Type: kind, Data: raw}); err != nil {
		return fmt.Errorf("headless: %s: %w", kind, err)
	}
	return nil
}

func (c *Client) next() (Frame, error) {
	var f Frame
	_, b, err := c.conn.ReadMessage()
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(b, &f)
}

// read takes frames until the socket ends.
func (c *Client) read() {
	defer close(c.done)
	for {
		f, err := c.next()
		if err != nil {
			c.mu.Lock()
			c.err = err
			c.mu.Unlock()
			return
		}
		c.received(f)
	}
}

func (c *Client) received(f Frame) {
	switch f.Type {
	case "ping":
		c.pong(f)
	case "ack", "error":
		c.mu.Lock()
		defer c.mu.Unlock()
		if answer := c.waiting[f.ID]; answer != nil {
			answer <- f
			delete(c.waiting, f.ID)
		} else if f.ID == "" {
			c.push(f)
		}
	default:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.push(f)
	}
}

func (c *Client) pong(f Frame) {
	c.mu.Lock()
	silent := c.silent
	c.mu.Unlock()
	if !silent {
		_ = c.write("pong", "", f.Data)
	}
}

// push queues a frame: the server must never be kept waiting by a slow reader
// of Frames.
func (c *Client) push(f Frame) {
	c.queue = append(c.queue, f)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// deliver passes the queue on to Frames.
func (c *Client) deliver() {
	defer close(c.frames)
	for {
		c.mu.Lock()
		queue := c.queue
		c.queue = nil
		c.mu.Unlock()
		for _, f := range queue {
			c.frames <- f
		}
		if len(queue) > 0 {
			continue
		}
		select {
		case <-c.wake:
		case <-c.done:
			if c.empty() {
				return
			}
		}
	}
}

func (c *Client) empty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue) == 0
}
