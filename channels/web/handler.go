package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/oklog/ulid/v2"

	"hotline/contact"
)

// Protocol is the socket's subprotocol.
const Protocol = "hotline.chat.v1"

// Handler serves /chat/.
func (w *Web) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /chat/v1/visitors", w.postVisitor)
	mux.HandleFunc("POST /chat/v1/ws-ticket", w.known(w.postTicket))
	mux.HandleFunc("GET /chat/v1/conversations/current", w.known(w.getCurrent))
	mux.HandleFunc("GET /chat/v1/conversations/{id}/messages", w.known(w.getMessages))
	mux.HandleFunc("POST /chat/v1/conversations/{id}/messages", w.known(w.postMessage))
	mux.HandleFunc("POST /chat/v1/conversations/{id}/close", w.known(w.postClose))
	mux.HandleFunc("GET /chat/v1/health/channel", w.getHealth)
	mux.HandleFunc("GET /chat/v1/ws", w.serveSocket)
	mux.HandleFunc("/chat/v1/", func(rw http.ResponseWriter, _ *http.Request) { refuse(rw, http.StatusNotFound, "unknown_path") })
	if w.o.Config.Page != "" {
		mux.Handle("/chat/", w.pages())
		mux.Handle("/chat", http.RedirectHandler("/chat/", http.StatusMovedPermanently))
	}
	return w.border(mux)
}

// border is before everything: how fast an address may ask, whose pages may ask
// at all, and what a browser wants to be told of it (CORS).
func (w *Web) border(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		if wait := w.gates.address.pass(w.addressOf(r), w.now()); wait > 0 {
			fault{http.StatusTooManyRequests, "rate", wait}.write(rw)
			return
		}
		origin := r.Header.Get("Origin")
		if origin == "" || !strings.HasPrefix(r.URL.Path, "/chat/v1/") {
			next.ServeHTTP(rw, r)
			return
		}
		rw.Header().Add("Vary", "Origin")
		if !w.anyLets(origin, selfOf(r)) {
			refuse(rw, http.StatusForbidden, "origin")
			return
		}
		rw.Header().Set("Access-Control-Allow-Origin", origin)
		rw.Header().Set("Access-Control-Expose-Headers", "Retry-After")
		if r.Method == http.MethodOptions {
			rw.Header().Set("Access-Control-Allow-Methods", "GET, POST")
			rw.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			rw.Header().Set("Access-Control-Max-Age", "600")
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

func (w *Web) addressOf(r *http.Request) string {
	return w.proxies.address(r.RemoteAddr, strings.Join(r.Header.Values("X-Forwarded-For"), ","))
}

// selfOf is the origin that the request was sent to; behind a proxy that ends
// TLS the scheme is not known, and an https origin of the same host is also ours.
func selfOf(r *http.Request) string {
	origin := r.Header.Get("Origin")
	if origin == "https://"+r.Host || origin == "http://"+r.Host && r.TLS == nil {
		return origin
	}
	return ""
}

func (w *Web) anyLets(origin, self string) bool {
	for _, a := range w.o.Config.Accounts {
		if a.lets(origin, self) {
			return true
		}
	}
	return false
}

// who asks, once the token is known.
type who struct {
	Ticket
	ref string
}

// known lets through who has a token of a site that may ask from there.
func (w *Web) known(next func(http.ResponseWriter, *http.Request, who)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		c, err := w.signer.verify(bearer(r), w.now())
		if err != nil {
			refuse(rw, http.StatusUnauthorized, "token")
			return
		}
		a, ok := w.o.Config.account(c.Account)
		if !ok || !w.speaksFor(a, r) {
			refuse(rw, http.StatusForbidden, "origin")
			return
		}
		next(rw, r, who{Ticket{Visitor: c.Visitor, Account: c.Account}, w.ref(c.Visitor)})
	}
}

// speaksFor: a page's own GET carries no Origin (Fetch, "append a request
// Origin header"), another site's with a token always does.
func (w *Web) speaksFor(a Account, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" && r.Method == http.MethodGet && a.hasOrigin(Self) {
		return true
	}
	return a.lets(origin, selfOf(r))
}

func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

func hashOf(ticket string) string {
	sum := sha256.Sum256([]byte(ticket))
	return hex.EncodeToString(sum[:])
}

// postVisitor makes a visitor, or renews the token of one.
func (w *Web) postVisitor(rw http.ResponseWriter, r *http.Request) {
	var asked struct {
		AppKey string `json:"app_key"`
	}
	if !body(rw, r, &asked) {
		return
	}
	a, ok := w.o.Config.account(asked.AppKey)
	if !ok || !a.lets(r.Header.Get("Origin"), selfOf(r)) {
		refuse(rw, http.StatusForbidden, "origin")
		return
	}
	now := w.now()
	visitor := ulid.Make().String()
	if old, err := w.signer.verify(bearer(r), now); err == nil && old.Account == a.AppKey {
		visitor = old.Visitor
	}
	token, err := w.signer.sign(claims{
		Issuer: tokenIssuer, Visitor: visitor, Account: a.AppKey, Issued: now.Unix(), Expires: now.Add(tokenLife).Unix(),
	})
	if err != nil {
		w.log.Error("visitor's token not signed", "error", err)
		refuse(rw, http.StatusInternalServerError, "internal")
		return
	}
	answer(rw, http.StatusCreated, struct {
		Visitor string `json:"visitor_id"`
		Token   string `json:"token"`
		Expires stamp  `json:"expires_at"`
	}{visitor, token, stamp(now.Add(tokenLife))})
}

func (w *Web) postTicket(rw http.ResponseWriter, r *http.Request, who who) {
	if !w.open() {
		fault{http.StatusServiceUnavailable, "try_again", 2 * time.Second}.write(rw)
		return
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	ticket := base64.RawURLEncoding.EncodeToString(secret)
	ctx, cancel := context.WithTimeout(r.Context(), storeWithin)
	defer cancel()
	if err := w.store.PutTicket(ctx, hashOf(ticket), who.Ticket, ticketLife); err != nil {
		faultOf(err).write(rw)
		return
	}
	answer(rw, http.StatusCreated, struct {
		Ticket  string `json:"ticket"`
		Expires int    `json:"expires_s"`
	}{ticket, int(ticketLife / time.Second)})
}

func (w *Web) getCurrent(rw http.ResponseWriter, r *http.Request, who who) {
	s, err := w.store.Current(r.Context(), who.ref)
	if err != nil {
		faultOf(err).write(rw)
		return
	}
	answer(rw, http.StatusOK, struct {
		stateData
		Limits limits `json:"limits"`
	}{describe(s), ourLimits()})
}

func (w *Web) getMessages(rw http.ResponseWriter, r *http.Request, who who) {
	after, err := strconv.ParseInt(orElse(r.FormValue("after"), "0"), 10, 64)
	limit, err2 := strconv.Atoi(orElse(r.FormValue("limit"), "50"))
	if err != nil || err2 != nil || after < 0 || limit < 1 || limit > readAtOnce {
		refuse(rw, http.StatusBadRequest, "bad_query")
		return
	}
	id, ok := pathID(rw, r)
	if !ok {
		return
	}
	s, err := w.store.Find(r.Context(), who.ref, id)
	if err != nil {
		faultOf(err).write(rw)
		return
	}
	events, err := w.store.Read(r.Context(), id, after, limit)
	if err != nil {
		faultOf(err).write(rw)
		return
	}
	shown := make([]eventData, len(events))
	for i, e := range events {
		shown[i] = newEventData(e)
	}
	answer(rw, http.StatusOK, struct {
		stateData
		Events []eventData `json:"events"`
	}{describe(s), shown})
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func pathID(rw http.ResponseWriter, r *http.Request) (contact.ID, bool) {
	id, err := contact.ParseID(r.PathValue("id"))
	if err != nil {
		refuse(rw, http.StatusNotFound, "unknown_conversation")
	}
	return id, err == nil
}

// prepare judges a message before it costs anything.
func (w *Web) prepare(t Ticket, ref, address string, f frame) (Post, fault) {
	text, err := checkSend(f.CMID, f.Text)
	if err != nil {
		return Post{}, faultOf(err)
	}
	if a, ok := w.o.Config.account(t.Account); !ok || !a.hasTopic(f.Topic) {
		return Post{}, faultOf(errTopic)
	}
	now := w.now()
	if wait := w.gates.message(ref, address, t.Account, now); wait > 0 {
		return Post{}, fault{http.StatusTooManyRequests, "rate", wait}
	}
	return Post{
		Ref: ref, Visitor: t.Visitor, Account: t.Account, Topic: f.Topic, CMID: f.CMID, Text: text,
		Message: ulid.Make().String(), Candidate: contact.ID(ulid.Make().String()), At: now,
	}, fault{}
}

// postMessage is send for who cannot hold a socket; the id says which
// conversation the page believes in, current for the first message. Which it
// went to is in the answer.
func (w *Web) postMessage(rw http.ResponseWriter, r *http.Request, who who) {
	if r.PathValue("id") != "current" {
		if _, ok := pathID(rw, r); !ok {
			return
		}
	}
	var f frame
	if !body(rw, r, &f) {
		return
	}
	p, flt := w.prepare(who.Ticket, who.ref, w.addressOf(r), f)
	if flt.code != "" {
		w.metrics.nacks.WithLabelValues(flt.code).Inc()
		flt.write(rw)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeWithin)
	defer cancel()
	e, err := w.post(ctx, p)
	if err != nil {
		faultOf(err).write(rw)
		return
	}
	answer(rw, http.StatusCreated, newAck(e))
}

func (w *Web) postClose(rw http.ResponseWriter, r *http.Request, who who) {
	id, ok := pathID(rw, r)
	if !ok {
		return
	}
	if err := w.store.Leave(r.Context(), who.ref, id, w.now()); err != nil {
		faultOf(err).write(rw)
		return
	}
	rw.WriteHeader(http.StatusNoContent)
}

// getHealth is what a page shows before it knows anybody.
func (w *Web) getHealth(rw http.ResponseWriter, r *http.Request) {
	a, ok := w.o.Config.account(orElse(r.FormValue("app_key"), w.o.Config.Page))
	if !ok {
		refuse(rw, http.StatusNotFound, "unknown_app_key")
		return
	}
	answer(rw, http.StatusOK, struct {
		Open   bool    `json:"open"`
		AppKey string  `json:"app_key"`
		Name   string  `json:"name"`
		Topics []Topic `json:"topics"`
		Limits limits  `json:"limits"`
	}{w.open(), a.AppKey, a.Name, a.Topics, ourLimits()})
}

// serveSocket lets a page open a socket; whose it is, its hello says.
func (w *Web) serveSocket(rw http.ResponseWriter, r *http.Request) {
	if !w.open() {
		fault{http.StatusServiceUnavailable, "try_again", 2 * time.Second}.write(rw)
		return
	}
	origin := r.Header.Get("Origin")
	if origin == "" { // the border has judged the others
		a, ok := w.o.Config.account(r.FormValue("app_key"))
		if !ok || !a.Apps {
			refuse(rw, http.StatusForbidden, "origin")
			return
		}
	}
	up := websocket.Upgrader{
		HandshakeTimeout: helloWithin, ReadBufferSize: 1024, WriteBufferSize: 1024,
		Subprotocols: []string{Protocol}, CheckOrigin: func(*http.Request) bool { return true }, // judged before
	}
	conn, err := up.Upgrade(rw, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	w.serve(w.newSocket(conn, origin, selfOf(r), w.addressOf(r)))
}

func (w *Web) serve(k *socket) {
	w.mu.Lock()
	if w.leaving {
		w.mu.Unlock()
		_ = k.conn.Close()
		return
	}
	w.sockets[k] = struct{}{}
	w.running.Add(1)
	w.mu.Unlock()
	w.metrics.sockets.Inc()
	defer func() {
		w.metrics.sockets.Dec()
		w.mu.Lock()
		delete(w.sockets, k)
		w.mu.Unlock()
		w.running.Done()
	}()
	k.run(w.life)
}
