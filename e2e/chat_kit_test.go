package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/oklog/ulid/v2"

	"hotline/channels/web"
	"hotline/contact"
	"hotline/node"
	"hotline/routing"
)

// chatSite is the account that the tests' citizens write to.
const chatSite = "portal"

// withChat lets citizens write to the line of 12345, and callers into it without
// a greeting.
func withChat(cfg *node.Config) {
	cfg.Web = web.Config{
		Accounts:    []web.Account{{AppKey: chatSite, Name: "市政府门户", Apps: true}},
		AddressRate: 1000, AccountRate: 1000,
	}
	cfg.Lines[0].Greeting = ""
	cfg.Lines[0].Accounts = []routing.Account{{Channel: contact.Web, Account: chatSite}}
}

// chatter is a citizen who writes, over HTTP alone.
type chatter struct {
	t     *testing.T
	url   string
	token string
	id    string // of the conversation
}

// chatEvent is one entry of a conversation as its citizen sees it.
type chatEvent struct {
	Seq   int64  `json:"seq"`
	Kind  string `json:"kind"`
	From  string `json:"from"`
	Agent string `json:"agent"`
	Text  string `json:"text"`
	Cause string `json:"cause"`
}

func (c *city) chatter() *chatter {
	c.t.Helper()
	v := &chatter{t: c.t, url: c.url() + "/chat/v1"}
	var got struct {
		Token string `json:"token"`
	}
	v.call(http.MethodPost, "/visitors", map[string]any{"app_key": chatSite}, &got)
	v.token = got.Token
	return v
}

func (v *chatter) call(method, path string, body, answer any) {
	v.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, bytes.NewReader(text))
	if err != nil {
		v.t.Fatal(err)
	}
	if v.token != "" {
		r.Header.Set("Authorization", "Bearer "+v.token)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	if got.StatusCode >= http.StatusMultipleChoices {
		v.t.Fatalf("%s %s: %s", method, path, got.Status)
	}
	if answer != nil {
		if err := json.NewDecoder(got.Body).Decode(answer); err != nil {
			v.t.Fatal(err)
		}
	}
}

// writes says something; the first message opens the conversation.
func (v *chatter) writes(text string) {
	v.t.Helper()
	var ack struct {
		Conversation string `json:"conversation"`
	}
	at := v.id
	if at == "" {
		at = "current"
	}
	v.call(http.MethodPost, "/conversations/"+at+"/messages", map[string]any{"cmid": ulid.Make().String(), "text": text}, &ack)
	v.id = ack.Conversation
}

// log is all that was said and done.
func (v *chatter) log() []chatEvent {
	v.t.Helper()
	var got struct {
		Events []chatEvent `json:"events"`
	}
	v.call(http.MethodGet, "/conversations/"+v.id+"/messages?limit=100", nil, &got)
	return got.Events
}

// hears waits until the agent has said so many things, and returns them.
func (c *city) hears(v *chatter, n int) []chatEvent {
	c.t.Helper()
	var said []chatEvent
	c.until(fmt.Sprintf("the citizen has %d answers", n), func() bool {
		said = nil
		for _, e := range v.log() {
			if e.Kind == "message" && e.From == "agent" {
				said = append(said, e)
			}
		}
		return len(said) >= n
	}, func() string { return fmt.Sprintf("%+v", v.log()) })
	return said
}

func (v *chatter) closes() {
	v.t.Helper()
	v.call(http.MethodPost, "/conversations/"+v.id+"/close", nil, nil)
}
