package desk

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"hotline/people"
)

// cookieName is the desk's sign-in. Browsers take the __Host- prefix with
// Secure over http only from 127.0.0.1 and localhost.
const cookieName = "__Host-hotline"

// route is one REST call: who may make it and what it does. The table is the
// only place where a call is made reachable.
type route struct {
	name    string // operationId of the OpenAPI document
	method  string
	pattern string        // under /api/v1
	roles   []people.Role // nil: anybody, signed in or not
	serve   func(*Desk, *exchange) error
}

func everyone() []people.Role { return people.Roles() }

func seniors() []people.Role { return []people.Role{people.Supervisor, people.Administrator} }

func routes() []route {
	return []route{
		{"signIn", "POST", "/session", nil, (*Desk).signIn},
		{"whoAmI", "GET", "/session", everyone(), (*Desk).whoAmI},
		{"signOut", "DELETE", "/session", everyone(), (*Desk).signOut},
		{"openapi", "GET", "/openapi.json", nil, (*Desk).document},
		{"directory", "GET", "/directory", everyone(), (*Desk).directory},
		{"recentContacts", "GET", "/contacts", seniors(), (*Desk).recentContacts},
		{"contact", "GET", "/contacts/{id}", everyone(), (*Desk).contact},
		{"recording", "GET", "/contacts/{id}/recording", seniors(), (*Desk).recording},
		{"messages", "GET", "/contacts/{id}/messages", everyone(), (*Desk).messages},
		{"history", "GET", "/contacts/{id}/history", everyone(), (*Desk).history},
		{"reveal", "POST", "/contacts/{id}/reveal", everyone(), (*Desk).reveal},
		{"draft", "GET", "/contacts/{id}/draft", everyone(), (*Desk).draft},
		{"saveDraft", "PUT", "/contacts/{id}/draft", everyone(), (*Desk).saveDraft},
		{"propose", "POST", "/contacts/{id}/proposal", everyone(), (*Desk).propose},
		{"register", "POST", "/contacts/{id}/ticket", everyone(), (*Desk).register},
		{"ticket", "GET", "/tickets/{number}", everyone(), (*Desk).ticket},
		{"decisions", "GET", "/contacts/{id}/decisions", seniors(), (*Desk).decisions},
		{"assign", "POST", "/contacts/{id}/assign", seniors(), (*Desk).assign},
		{"callbacks", "GET", "/callbacks", seniors(), (*Desk).callbacks},
		{"cancelCallback", "POST", "/callbacks/{callback}/cancel", seniors(), (*Desk).cancelCallback},
		{"board", "GET", "/board", seniors(), (*Desk).boardNow},
		{"hall", "GET", "/hall", seniors(), (*Desk).hallNow},
	}
}

// Handler serves /api/v1, /desk/socket and the browser desk.
func (d *Desk) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes() {
		mux.Handle(r.method+" /api/v1"+r.pattern, d.call(r))
	}
	mux.HandleFunc("/api/v1/", func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, problem(NotFound, "没有这个接口 / no such call"))
	})
	mux.HandleFunc("GET /desk/socket", d.openSocket)
	if d.o.UI != nil {
		mux.Handle("/", d.o.UI)
	}
	return headers(mux)
}

// headers are what every answer of the desk carries.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "microphone=(self), speaker-selection=(self)")
		h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self'; style-src 'self'; "+
			"connect-src 'self' ws: wss:; img-src 'self' data:; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// exchange is one REST call under way.
type exchange struct {
	w   http.ResponseWriter
	r   *http.Request
	who people.Account // zero where anybody may call
}

// call wraps a route: origin, sign-in, role, then the call itself.
func (d *Desk) call(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		x := &exchange{w: &counting{ResponseWriter: w, status: http.StatusOK}, r: r}
		if err := d.answer(rt, x); err != nil {
			d.report(rt, err)
			writeProblem(x.w, problemOf(err))
		}
		status := strconv.Itoa(x.w.(*counting).status)
		d.metrics.requests.WithLabelValues(rt.name, status).Inc()
	})
}

func (d *Desk) answer(rt route, x *exchange) error {
	if !d.origins.safe(x.r) {
		return problem(Forbidden, "来源不被允许 / foreign origin")
	}
	if rt.roles != nil {
		who, err := d.signedIn(x.r)
		if err != nil {
			return err
		}
		if !slices.Contains(rt.roles, who.Role) {
			return problem(Forbidden, "权限不足 / not allowed for this role")
		}
		x.who = who
	}
	return rt.serve(d, x)
}

// report logs what is our fault, once.
func (d *Desk) report(rt route, err error) {
	if p := problemOf(err); p.Status() >= http.StatusInternalServerError {
		d.o.Log.Error("call failed", "operation", rt.name, "code", string(p.Code), "error", err)
	}
}

// signedIn tells who calls.
func (d *Desk) signedIn(r *http.Request) (people.Account, error) {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return people.Account{}, unauthenticated(err)
	}
	who, err := d.o.People.Authenticate(r.Context(), c.Value)
	if errors.Is(err, people.ErrNoSession) {
		return people.Account{}, unauthenticated(err)
	}
	if err != nil {
		return people.Account{}, &Problem{Code: Unavailable, Message: "暂时无法验证登录 / sign-ins are not available", Cause: err}
	}
	return who, nil
}

func unauthenticated(cause error) error {
	return &Problem{Code: Unauthenticated, Message: "请先登录 / sign in first", Cause: cause}
}

// counting remembers the status.
type counting struct {
	http.ResponseWriter
	status int
}

// Unwrap lets http.ResponseController reach the connection.
func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (c *counting) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // a client that hung up is nobody's fault
	return nil
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	_ = writeJSON(w, p.Status(), errorBody{Error: p})
}
