package desk

import (
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"hotline/contact"
	"hotline/people"
)

// openSocket lets a desk in. Nothing is read from it before its origin and its
// sign-in are known.
func (d *Desk) openSocket(w http.ResponseWriter, r *http.Request) {
	if !d.origins.own(r) {
		d.refuseSocket(w, problem(Forbidden, "来源不被允许 / foreign origin"))
		return
	}
	who, err := d.signedIn(r)
	if err != nil {
		d.refuseSocket(w, problemOf(err))
		return
	}
	if err := d.enter(who.ID); err != nil {
		d.refuseSocket(w, problemOf(err))
		return
	}
	defer d.leave(who.ID)
	d.upgrade(w, r, who)
}

// upgrade opens the socket and serves it.
func (d *Desk) upgrade(w http.ResponseWriter, r *http.Request, who people.Account) {
	upgrader := websocket.Upgrader{
		HandshakeTimeout: helloWithin, ReadBufferSize: 4096, WriteBufferSize: 4096,
		CheckOrigin: d.origins.own,
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		d.metrics.refused.WithLabelValues(string(InvalidField)).Inc()
		return // the upgrader has answered
	}
	c, err := r.Cookie(cookieName)
	if err != nil {
		_ = conn.Close()
		return
	}
	d.serveSocket(&socket{
		desk: d, conn: conn, token: c.Value, from: remote(r), ponged: time.Now(),
		wake: make(chan struct{}, 1), deaf: make(chan struct{}), gone: make(chan struct{}),
		log: d.o.Log.With("agent_id", string(who.ID), "remote", remote(r)),
	}, who)
}

func (d *Desk) refuseSocket(w http.ResponseWriter, p *Problem) {
	d.metrics.refused.WithLabelValues(string(p.Code)).Inc()
	writeProblem(w, p)
}

// serveSocket is a socket's life: it ends with one log line and one metric.
func (d *Desk) serveSocket(k *socket, who people.Account) {
	k.conn.SetReadLimit(maxBody)
	d.metrics.sockets.Inc()
	defer d.metrics.sockets.Dec()
	began := time.Now()
	k.log.Info("desk connected")
	d.running.Go(k.write)
	d.running.Go(k.guard)
	k.read(who)
	k.close(closeGoing, "")
	k.drain()
	<-k.gone
	cause := k.cause()
	d.metrics.socketLives.WithLabelValues(cause).Inc()
	k.log.Info("desk disconnected", "cause", cause, "seconds", int(time.Since(began).Seconds()))
}

// openPerAgent bounds the sockets of one agent that have not said hello yet.
const openPerAgent = 2 * socketsPerAgent

// enter counts a socket in, unless the desk closes or the agent has too many.
func (d *Desk) enter(agent contact.AgentID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return problem(Unavailable, "节点正在停止 / the node is stopping")
	case d.open[agent] >= openPerAgent:
		return problem(RateLimited, "打开的桌面过多 / too many desks")
	}
	d.open[agent]++
	d.running.Add(1)
	return nil
}

func (d *Desk) leave(agent contact.AgentID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open[agent]--; d.open[agent] == 0 {
		delete(d.open, agent)
	}
	d.running.Done()
}

// cause names how the socket ended, from a closed list.
func (k *socket) cause() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch k.code {
	case closeDrain:
		return "drain"
	case closeBadHello:
		return "bad_hello"
	case closeSignedOut:
		return "signed_out"
	case closeNoPong:
		return "no_pong"
	case closeSlow:
		return "slow"
	case closeTooMany:
		return "too_many"
	default:
		return "gone"
	}
}
