package web

import (
	"context"
	"time"

	"github.com/gorilla/websocket"
)

type pingData struct {
	Type string `json:"type"` // ping: a browser cannot see the socket's own
	Now  stamp  `json:"now"`
}

type drainData struct {
	Type  string `json:"type"` // drain
	After int64  `json:"after_ms"`
}

// write is the writer's life.
func (k *socket) write(ctx context.Context) {
	defer close(k.written)
	defer k.part()
	if !k.flush() {
		k.close(closeDead)
		return
	}
	ping := time.NewTicker(k.ping)
	defer ping.Stop()
	var leave <-chan time.Time
	for {
		ok := true
		select {
		case text := <-k.out:
			ok = k.put(text)
		case signal := <-k.watch.signals:
			ok = k.put(signal)
		case <-k.watch.wake:
			ok = k.catchUp(ctx)
		case <-ping.C:
			ok = k.beat(ctx)
		case <-k.watch.replaced:
			k.close(closeReplaced)
		case within := <-k.drains:
			after := leaveAfter(within)
			leave = time.After(after)
			ok = k.put(toJSON(drainData{"drain", after.Milliseconds()}))
		case <-leave:
			k.close(closeRestart)
		case <-k.ending:
			k.goodbye()
			return
		}
		if !ok {
			k.close(closeDead)
			return
		}
	}
}

// flush writes what was promised: at first the welcome, and a gap.
func (k *socket) flush() bool {
	for len(k.out) > 0 {
		if !k.put(<-k.out) {
			return false
		}
	}
	return true
}

// goodbye writes the close frame after all else and waits a moment
// for the page's.
func (k *socket) goodbye() {
	if !k.flush() {
		return
	}
	k.sendClose()
	_ = k.conn.SetReadDeadline(time.Now().Add(partWithin)) // a reader that waits
	select {
	case <-k.deaf:
	case <-time.After(partWithin):
	}
}

func (k *socket) put(text []byte) bool {
	_ = k.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	return k.conn.WriteMessage(websocket.TextMessage, text) == nil
}

// beat is a sign of life in both forms, and asks whether news of our end was lost.
func (k *socket) beat(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	if inside, err := k.web.store.Inside(ctx, k.ref, k.id); err == nil && !inside {
		k.close(closeReplaced)
		return true
	}
	if k.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWithin)) != nil {
		return false
	}
	return k.put(toJSON(pingData{"ping", stamp(k.web.now())}))
}

// catchUp writes what the log holds beyond our position, and goes on in the
// visitor's next conversation once this one's end is written. false: the
// connection is broken. When the store does not answer, the clock wakes us.
func (k *socket) catchUp(ctx context.Context) bool {
	for {
		if k.at.id == "" || k.at.over {
			if !k.next(ctx) {
				return true
			}
		}
		ok, more := k.page(ctx)
		if !ok || !more {
			return ok
		}
	}
}

// next finds the visitor's conversation after ours.
func (k *socket) next(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	s, err := k.web.store.Current(ctx, k.ref)
	if err != nil || s.ID == "" || s.ID == k.at.id {
		return false
	}
	k.at = position{id: s.ID}
	return true
}

// page writes the next events; more: there may be others.
func (k *socket) page(ctx context.Context) (ok, more bool) {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	events, err := k.web.store.Read(ctx, k.at.id, k.at.seq, readAtOnce)
	if err != nil {
		return true, false
	}
	for _, e := range events {
		if !k.put(toJSON(newEventData(e))) {
			return false, false
		}
		k.at.seq, k.at.over = e.Seq, e.Kind == Closed
	}
	return true, len(events) == readAtOnce || k.at.over
}
