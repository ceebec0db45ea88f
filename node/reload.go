package node

import (
	"context"
	"fmt"
	"time"
)

const (
	retellWithin = 2 * time.Second // before contacts wait for seats that nobody knows yet
	replanWithin = 5 * time.Second
)

// Reload puts lines and routing of the configuration in force, for who waits
// and who serves too; nobody is dropped, and all else of it waits for the next
// start. On an error, which names the fields at fault, the old policy stays in
// force. Calls may come from any goroutine once the node has started.
func (n *Node) Reload(ctx context.Context, c Config) error {
	n.reloading.Lock()
	defer n.reloading.Unlock()
	old := n.lines.Version()
	if err := n.lines.Replace(c.policy()); err != nil {
		return fmt.Errorf("policy not replaced: %w", err)
	}
	n.review()
	n.retell(ctx)
	ctx, cancel := context.WithTimeout(ctx, replanWithin)
	defer cancel()
	n.hall.Replan(ctx)
	n.turns.again()
	n.log.Info("policy replaced", "old", old, "new", n.lines.Version())
	return nil
}

// retell lets the queue know what the seats serve now.
func (n *Node) retell(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, retellWithin)
	defer cancel()
	n.desk.Retell(ctx)
}
