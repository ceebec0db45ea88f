package web_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline/channels/web"
)

func TestVisitors(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	v := h.visitor()
	key := map[string]string{"app_key": "portal"}
	if status, got, _ := h.call("POST", "/chat/v1/visitors", v.token, key, site); status != 201 || got["visitor_id"] != v.id {
		t.Errorf("a renewal is the same visitor, and yet: %d %v", status, got)
	}
	old, err := h.web.TokenFor(v.id, "portal", time.Now().Add(-31*24*time.Hour))
	must(t, err)
	if status, got, _ := h.call("POST", "/chat/v1/visitors", old, key, site); status != 201 || got["visitor_id"] == v.id {
		t.Errorf("after 30 days it is another, and yet: %d %v", status, got)
	}
	for name, x := range map[string]struct {
		body   any
		origin string
		status int
		code   string
	}{
		"another site":   {map[string]string{"app_key": "other"}, site, 403, "origin"},
		"no such site":   {map[string]string{"app_key": "nobody"}, site, 403, "origin"},
		"a stranger":     {key, "https://evil.example", 403, "origin"},
		"no origin":      {key, "", 403, "origin"},
		"an app":         {map[string]string{"app_key": "app"}, "", 201, ""},
		"no JSON object": {"x", site, 400, "bad_frame"},
	} {
		t.Run(name, func(t *testing.T) {
			status, got, header := h.call("POST", "/chat/v1/visitors", "", x.body, x.origin)
			code, _ := got["code"].(string)
			if status != x.status || code != x.code {
				t.Errorf("got %d %v", status, got)
			}
			if code != "" && (header.Get("Content-Type") != "application/problem+json" || num(got, "status") != int64(status) || str(got, "title") == "") {
				t.Errorf("no problem: %v %v", got, header)
			}
		})
	}
}

func TestTokensAreNeeded(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	v := h.visitor()
	old, err := h.web.TokenFor(v.id, "portal", time.Now().Add(-31*24*time.Hour))
	must(t, err)
	gone, err := h.web.TokenFor(v.id, "nobody", time.Now())
	must(t, err)
	for _, path := range []string{"POST /ws-ticket", "GET /conversations/current", "POST /conversations/current/messages"} {
		method, path, _ := strings.Cut(path, " ")
		for token, want := range map[string]int{"": 401, "x.y.z": 401, old: 401, gone: 403, v.token: 0} {
			origin := site
			if want == 0 {
				origin, want = "https://other.example", 403 // a listed site, but not this visitor's
			}
			if status, got, _ := h.call(method, "/chat/v1"+path, token, say("x"), origin); status != want {
				t.Errorf("%s %s: %d %v, want %d", method, path, status, got, want)
			}
		}
	}
}

func TestHello(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	v := h.visitor()
	used := v.ticket()
	first := h.dial(site)
	first.send(map[string]any{"type": "hello", "v": 1, "ticket": used})
	first.next("welcome")
	for name, x := range map[string]struct {
		frame any
		code  int
	}{
		"a used ticket":   {map[string]any{"type": "hello", "v": 1, "ticket": used}, 4401},
		"no ticket":       {map[string]any{"type": "hello", "v": 1}, 4401},
		"another version": {map[string]any{"type": "hello", "v": 2, "ticket": v.ticket()}, 4400},
		"no hello":        {say("x"), 4400},
		"no frame":        {[]int{1}, 4400},
		"too big":         {strings.Repeat("x", 64<<10), 1009},
	} {
		t.Run(name, func(t *testing.T) {
			b := h.dial(site)
			b.send(x.frame)
			if code := b.closed(); code != x.code {
				t.Errorf("closed with %d, want %d", code, x.code)
			}
		})
	}
	begun := time.Now()
	if code := h.dial(site).closed(); code != 4400 || time.Since(begun) < 4*time.Second {
		t.Errorf("silence: closed with %d after %v", code, time.Since(begun))
	}
	first.send([]int{1})
	if code := first.closed(); code != 4400 {
		t.Errorf("nonsense later: closed with %d", code)
	}
}

func TestATicketLives30Seconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.node("n1")
	h.visitor().ticket()
	keys := w.client.Keys(t.Context(), "*:t:*").Val()
	if len(keys) != 1 {
		t.Fatalf("keys %v", keys)
	}
	if left := w.client.PTTL(t.Context(), keys[0]).Val(); left > 30*time.Second || left < 25*time.Second {
		t.Errorf("it lives %v", left)
	}
}

func TestUnknownFramesAreTheFutures(t *testing.T) {
	t.Parallel()
	b := newWorld(t).node("n1").visitor().open("later", map[string]any{"x": 1})
	b.send(map[string]any{"type": "rating", "stars": 5})
	b.send(say("好"))
	b.next("ack")
}

func TestDrain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.node("n1")
	v := h.visitor()
	b := v.open()
	b.next("welcome")
	h.web.Drain(300 * time.Millisecond)
	if d := b.next("drain"); num(d, "after_ms") < 0 || num(d, "after_ms") > 300 {
		t.Errorf("drain %v", d)
	}
	if code := b.closed(); code != 1012 {
		t.Errorf("closed with %d", code)
	}
	status, got, header := h.call("POST", "/chat/v1/ws-ticket", v.token, nil, site)
	if status != 503 || got["code"] != "try_again" || header.Get("Retry-After") == "" {
		t.Errorf("got %d %v %v", status, got, header)
	}
	path := "/chat/v1/conversations/current/messages"
	if status, got, _ = h.call("POST", path, v.token, say("x"), site); status != 201 {
		t.Errorf("draining keeps what is said, and yet: %d %v", status, got)
	}
	must(t, h.web.Close(t.Context()))
	if status, got, _ = h.call("POST", path, v.token, say("x"), site); status != 503 || got["code"] != "try_again" {
		t.Errorf("stopped: %d %v", status, got)
	}
}

func TestStopClosesWith1012(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	b := h.visitor().open()
	b.send(say("好"))
	b.next("ack")
	c := h.conversation()
	h.stop()
	if code := b.closed(); code != 1012 {
		t.Errorf("closed with %d", code)
	}
	for e := range c.Events() {
		t.Errorf("the conversation goes on elsewhere, and yet: %+v", e)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	open := true
	h := newWorld(t).node("n1", func(o *web.Options) { o.Open = func() bool { return open } })
	status, got, _ := h.call("GET", "/chat/v1/health/channel", "", nil, "")
	if status != 200 || got["open"] != true || got["app_key"] != "portal" || len(got["topics"].([]any)) != 1 {
		t.Errorf("got %d %v", status, got)
	}
	open = false
	if _, got, _ := h.call("GET", "/chat/v1/health/channel?app_key=app", "", nil, ""); got["open"] != false || got["app_key"] != "app" {
		t.Errorf("got %v", got)
	}
	for path, want := range map[string]int{"/chat/v1/health/channel?app_key=x": 404, "/chat/v1/none": 404} {
		if status, got, _ := h.call("GET", path, "", nil, ""); status != want || str(got, "code") == "" {
			t.Errorf("%s: %d %v", path, status, got)
		}
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	for origin, want := range map[string]int{site: 204, "https://evil.example": 403} {
		status, _, header := h.call("OPTIONS", "/chat/v1/visitors", "", nil, origin)
		allowed := header.Get("Access-Control-Allow-Origin")
		if status != want || (allowed == origin) != (want == 204) || header.Get("Vary") != "Origin" {
			t.Errorf("%s: %d %v", origin, status, header)
		}
	}
}

func TestThePageIsServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.node("n1")
	for path, want := range map[string]string{"/chat/": "text/html", "/chat/chat.js": "javascript", "/chat/chat.css": "text/css"} {
		r, err := http.Get(h.http.URL + path)
		must(t, err)
		text, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if r.StatusCode != http.StatusOK || !strings.Contains(r.Header.Get("Content-Type"), want) || len(text) == 0 {
			t.Errorf("%s: %d %v", path, r.StatusCode, r.Header)
		}
		if !strings.Contains(r.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %v", path, r.Header)
		}
	}
	none := w.node("n2", func(o *web.Options) { o.Config.Page = "" })
	if status, _, _ := none.call("GET", "/chat/", "", nil, ""); status != 404 {
		t.Errorf("no page is configured, and yet: %d", status)
	}
}

func TestMessagesOverHTTP(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	v := h.visitor()
	if _, got, _ := h.call("GET", "/chat/v1/conversations/current", v.token, nil, ""); got["state"] != "none" || got["conversation"] != "" {
		t.Errorf("at first: %v", got)
	}
	status, ack, _ := h.call("POST", "/chat/v1/conversations/current/messages", v.token, say("一"), site)
	if status != 201 || num(ack, "seq") != 1 {
		t.Fatalf("got %d %v", status, ack)
	}
	path := "/chat/v1/conversations/" + str(ack, "conversation") + "/messages"
	if status, got, _ := h.call("POST", path, v.token, say("二"), site); status != 201 || num(got, "seq") != 2 {
		t.Errorf("got %d %v", status, got)
	}
	if status, _, _ := h.call("POST", "/chat/v1/conversations/none/messages", v.token, say("二"), site); status != 404 {
		t.Errorf("got %d", status)
	}
	for query, want := range map[string]int{"?after=x": 400, "?limit=0": 400, "?limit=101": 400, "?after=-1": 400, "?after=9": 200} {
		if status, got, _ := h.call("GET", path+query, v.token, nil, ""); status != want {
			t.Errorf("%s: %d %v", query, status, got)
		}
	}
	status, got, _ := h.call("POST", path, v.token, map[string]any{"cmid": "x", "text": "y"}, site)
	if status != 422 || got["code"] != "bad_cmid" {
		t.Errorf("got %d %v", status, got)
	}
}
