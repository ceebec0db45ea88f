package redisstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// Counts implements routing.Queue. Buckets of one seat are not counted; free
// seats are counted where they stand for themselves.
func (s *Store) Counts(ctx context.Context) (routing.Counts, error) {
	r, err := s.run(ctx, "counts")
	n := routing.Counts{
		Waiting: map[routing.Bucket]int{}, Free: map[routing.Bucket]int{},
		Staffed: map[routing.Bucket]int{}, LastWait: map[routing.Bucket]time.Duration{}, Offered: int(r.int(0)),
	}
	for i := 1; i+4 < len(r); i += 5 {
		class, bucket, _ := strings.Cut(r.text(i), ":")
		b := routing.Bucket(bucket)
		if waiting := int(r.int(i + 1)); waiting > 0 {
			n.Waiting[b] += waiting
		}
		if class == string(contact.Voice) {
			countVoice(n, b, r[i+2:])
		}
	}
	return n, err
}

// countVoice adds what calls of the bucket have; borrowed ones have nothing of
// their own.
func countVoice(n routing.Counts, b routing.Bucket, r reply) {
	if _, _, borrowed := b.Lender(); borrowed {
		return
	}
	if free := int(r.int(0)); free > 0 {
		n.Free[b] = free
	}
	if staffed := int(r.int(1)); staffed > 0 {
		n.Staffed[b] = staffed
	}
	if r.int(2) >= 0 {
		n.LastWait[b] = r.ms(2)
	}
}

// Outlook implements routing.Queue.
func (s *Store) Outlook(ctx context.Context, id contact.ID) (routing.Outlook, error) {
	r, err := s.onContact(ctx, "outlook", id)
	if err != nil {
		return routing.Outlook{}, err
	}
	return routing.Outlook{
		Bucket: routing.Bucket(r.text(0)), Place: int(r.int(1)), Waited: r.ms(2), Oldest: r.ms(3),
		Staffed: int(r.int(4)), LastWait: r.ms(5), LastAge: r.ms(6), Handling: r.ms(7),
	}, nil
}

// Board implements routing.Queue. It reads each seat that is there in one step
// of Redis: with 2,000 seats the whole call took 10 ms on two cores shared with
// other work, so ask once a second, not once a screen.
func (s *Store) Board(ctx context.Context) (routing.Board, error) {
	r, err := s.run(ctx, "board")
	if err != nil {
		return routing.Board{}, err
	}
	b := routing.Board{At: time.UnixMilli(r.int(0)).UTC()}
	i := 2
	for range r.int(1) {
		b.Lines = append(b.Lines, lineWait(r[i:]))
		i += 3
	}
	for ; i+5 < len(r); i += 6 {
		b.Seats = append(b.Seats, seatWork(r[i:]))
	}
	slices.SortFunc(b.Lines, func(x, y routing.LineWait) int {
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Class, y.Class))
	})
	slices.SortFunc(b.Seats, func(x, y routing.SeatWork) int { return cmp.Compare(x.Agent, y.Agent) })
	return b, nil
}

func lineWait(r reply) routing.LineWait {
	class, line, _ := strings.Cut(r.text(0), ":")
	return routing.LineWait{Line: line, Class: contact.Class(class), Waiting: int(r.int(1)), Oldest: r.ms(2)}
}

func seatWork(r reply) routing.SeatWork {
	used := map[contact.Class]int{}
	for i, class := range []contact.Class{contact.Voice, contact.Text} {
		if n, err := strconv.Atoi(r.text(4 + i)); err == nil && n > 0 {
			used[class] = n
		}
	}
	return routing.SeatWork{
		Agent: contact.AgentID(r.text(0)), Node: routing.NodeID(r.text(1)), Status: routing.Status(r.text(2)),
		Slots: splitSlots(r.text(3)), Used: used,
	}
}
