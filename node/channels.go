package node

import (
	"context"
	"net/http"
	"strings"
	"time"

	"hotline/channels"
	"hotline/channels/web"
	"hotline/channels/web/redislog"
	"hotline/contact"
)

// drainPages is how long pages may take to connect to another node.
const drainPages = 10 * time.Second

// openChannels makes the web chat, if any site is configured. Its conversations
// go to the hall, which is made next; HTTP, which brings them, comes last.
func (n *Node) openChannels(context.Context) (err error) {
	if len(n.cfg.Web.Accounts) == 0 {
		return nil
	}
	n.web, err = web.New(web.Options{
		Config: n.cfg.Web, Store: redislog.New(n.redis, n.cfg.Redis.Hall), Node: string(n.name), Key: n.refKey,
		Receive: func(c channels.Conversation) { n.hall.ReceiveText(n.life, c) },
		Log:     n.log, Registerer: n.metrics, Now: n.now,
	})
	if err != nil {
		return err
	}
	n.web.Start()
	n.down.add("web chat", n.web.Close)
	return nil
}

// conversations are those that another node has left; nil without web chat.
func (n *Node) conversations() channels.House {
	if n.web == nil {
		return nil
	}
	return n.web
}

// threads reads conversations, which the web chat keeps.
type threads struct{ n *Node }

func (t threads) Messages(ctx context.Context, id contact.ID, after int64, limit int) ([]contact.Message, error) {
	if t.n.web == nil {
		return nil, nil
	}
	return t.n.web.Messages(ctx, id, after, limit)
}

// handler is all that citizens and desks reach over HTTP.
func (n *Node) handler() http.Handler {
	desk := n.desk.Handler()
	if n.web == nil {
		return desk
	}
	n.running.Go(func() { n.web.Tend(n.life, n.queue.Living) })
	chat := n.web.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/chat" || strings.HasPrefix(r.URL.Path, "/chat/") {
			chat.ServeHTTP(w, r)
			return
		}
		desk.ServeHTTP(w, r)
	})
}

// drainChannels sends citizens' pages to other nodes.
func (n *Node) drainChannels() {
	if n.web != nil {
		n.web.Drain(drainPages)
	}
}

// renameChannels anchors conversations under the node's new name.
func (n *Node) renameChannels(ctx context.Context, name string) {
	if n.web == nil {
		return
	}
	if err := n.web.Rename(ctx, name); err != nil {
		n.complain(ctx, "conversations not anchored anew", err)
	}
}
