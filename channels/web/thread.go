package web

import (
	"context"
	"fmt"

	"hotline/contact"
)

// Messages reads what was said in a conversation, open at any node or over, as
// Conversation.Messages does. None: it is not one of ours, or not any more.
func (w *Web) Messages(ctx context.Context, id contact.ID, after int64, limit int) ([]contact.Message, error) {
	list, err := w.read(ctx, id, after, limit)
	if err != nil {
		return nil, fmt.Errorf("web: messages: %w", err)
	}
	return list, nil
}

// read finds messages among the events. A message's event never has a smaller
// number than the message, so the search begins at the event after.
func (w *Web) read(ctx context.Context, id contact.ID, after int64, limit int) ([]contact.Message, error) {
	limit = min(max(limit, 1), readAtOnce)
	var found []contact.Message
	for seq := max(after, 0); len(found) < limit; {
		events, err := w.store.Read(ctx, id, seq, readAtOnce)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			seq = e.Seq
			if e.Kind == Wrote && e.Message.Seq > after && len(found) < limit {
				found = append(found, e.Message)
			}
		}
		if len(events) < readAtOnce {
			break
		}
	}
	return found, nil
}
