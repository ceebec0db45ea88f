package audit

import (
	"context"
	"fmt"
)

// pageSize bounds what Verify holds in memory, in records.
const pageSize = 500

// BrokenError names the first entry at which the chain does not hold.
type BrokenError struct {
	Seq int64
	Why string
}

// Error is for the operator; it repeats nothing of the entry.
func (e *BrokenError) Error() string {
	return fmt.Sprintf("audit: entry %d: %s", e.Seq, e.Why)
}

// Verify walks the whole chain, and compares it with its head and with heads
// that were noted elsewhere. It returns a *BrokenError for the first bad
// entry, or why it could not read. Entries may be appended meanwhile.
func (l *Log) Verify(ctx context.Context, noted ...Head) error {
	head, err := l.Head(ctx)
	if err != nil {
		return err
	}
	w := walk{noted: map[int64][]Hash{}}
	for _, h := range append(noted, head) {
		w.noted[h.Seq] = append(w.noted[h.Seq], h.Hash)
		w.until = max(w.until, h.Seq)
	}
	for {
		page, err := l.Page(ctx, w.last.Seq, pageSize)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return w.end()
		}
		for _, r := range page {
			if err := w.step(r); err != nil {
				return err
			}
		}
	}
}

// walk is how far a verification has come.
type walk struct {
	last  Head
	noted map[int64][]Hash
	until int64
}

func (w *walk) step(r Record) error {
	next := w.last.Seq + 1
	switch {
	case r.Seq != next:
		return &BrokenError{Seq: next, Why: "is missing"}
	case r.Previous != w.last.Hash:
		return &BrokenError{Seq: next, Why: "does not follow the entry before"}
	case r.Hash != r.seal():
		return &BrokenError{Seq: next, Why: "was changed"}
	}
	for _, hash := range w.noted[next] {
		if hash != r.Hash {
			return &BrokenError{Seq: next, Why: "is not the one that was noted"}
		}
	}
	w.last = Head{Seq: r.Seq, Hash: r.Hash}
	return nil
}

func (w *walk) end() error {
	if w.last.Seq < w.until {
		return &BrokenError{Seq: w.last.Seq + 1, Why: "is missing: the end was cut off"}
	}
	return nil
}
