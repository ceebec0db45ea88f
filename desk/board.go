package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hotline/contact"
	"hotline/records"
	"hotline/routing"
)

// The board's pace and size.
const (
	boardEvery   = time.Second
	boardWithin  = 2 * time.Second // for the queue to answer
	boardWaiting = 30              // who waits longest
)

// Floor is the queue as supervisors see and steer it; routing.Queue is one.
type Floor interface {
	Board(ctx context.Context) (routing.Board, error)
	Outlook(ctx context.Context, id contact.ID) (routing.Outlook, error)
	Assign(ctx context.Context, id contact.ID, agent contact.AgentID) error
}

// boardData is the hall at one moment: data of the event board, where agents
// are those that have changed, and the body of GET /board.
type boardData struct {
	At        stamp             `json:"at"`
	FiguresAt stamp             `json:"figures_at"`
	Classes   []classData       `json:"classes"`
	Lines     []lineData        `json:"lines"`
	Waiting   []waitingData     `json:"waiting"`
	States    map[string]int    `json:"states"`
	Agents    []boardAgent      `json:"agents"`
	Gone      []contact.AgentID `json:"gone"`
}

// waitData is what waits.
type waitData struct {
	Waiting  int   `json:"waiting"`
	OldestMS int64 `json:"oldest_ms"`
}

type lineData struct {
	Line  Line          `json:"line"`
	Class contact.Class `json:"class"`
	waitData
	Today *figureData `json:"today"`
	Day   *figureData `json:"day"`
}

type waitingData struct {
	Contact  contact.ID      `json:"contact"`
	Line     Line            `json:"line"`
	Class    contact.Class   `json:"class"`
	Channel  contact.Channel `json:"channel"`
	WaitedMS int64           `json:"waited_ms"`
	Place    int             `json:"place"`
	Bucket   routing.Bucket  `json:"bucket"`
}

// board looks at the queue once a second at most, whoever asks.
type board struct {
	desk    *Desk
	figures *figures

	mu   sync.Mutex
	last boardData
	at   time.Time
}

// look returns the hall as it was less than a second ago. It blocks for the
// queue. The figures are the newest there are.
func (b *board) look(ctx context.Context) (boardData, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.desk.o.Now()
	if age := now.Sub(b.at); age >= 0 && age < boardEvery*9/10 {
		return b.last, nil
	}
	ctx, cancel := context.WithTimeout(ctx, boardWithin)
	defer cancel()
	found, err := b.desk.o.Queue.Board(ctx)
	if err != nil {
		return boardData{}, fmt.Errorf("desk: look at the queue: %w", err)
	}
	b.last, b.at = b.compose(ctx, found), now
	return b.last, nil
}

func (b *board) compose(ctx context.Context, q routing.Board) boardData {
	f := b.figures.newest()
	agents := b.agents(q.Seats)
	data := boardData{
		At: stamp(q.At), FiguresAt: stamp(f.at), Lines: b.lines(q.Lines, f.tallies), Waiting: b.waiting(ctx, f.waiting),
		States: map[string]int{}, Agents: agents, Gone: []contact.AgentID{},
	}
	for _, class := range []contact.Class{contact.Voice, contact.Text} {
		data.Classes = append(data.Classes, classOf(class, q.Lines, f))
	}
	for _, a := range agents {
		data.States[string(a.State)]++
	}
	return data
}

// lines joins what waits with what happened.
func (b *board) lines(waits []routing.LineWait, tallies []records.Tally) []lineData {
	all := []lineData{}
	at := func(name string, class contact.Class) *lineData {
		i := slices.IndexFunc(all, func(l lineData) bool { return l.Line.Name == name && l.Class == class })
		if i < 0 {
			i = len(all)
			all = append(all, lineData{Line: b.desk.line(name), Class: class})
		}
		return &all[i]
	}
	for _, t := range tallies {
		l := at(t.Line, t.Class)
		l.Today, l.Day = figureOf(t.Today), figureOf(t.Day)
	}
	for _, w := range waits {
		at(w.Line, w.Class).waitData = waitData{w.Waiting, w.Oldest.Milliseconds()}
	}
	slices.SortFunc(all, func(a, b lineData) int {
		return cmp.Or(cmp.Compare(a.Line.Name, b.Line.Name), -cmp.Compare(a.Class, b.Class))
	})
	return all
}

// waiting keeps those of the list who still wait.
func (b *board) waiting(ctx context.Context, list []records.Record) []waitingData {
	all := []waitingData{}
	for _, r := range list {
		o, err := b.desk.o.Queue.Outlook(ctx, r.Contact)
		if errors.Is(err, routing.ErrUnknown) {
			continue
		}
		if err != nil { // it may wait; the next look will tell
			o = routing.Outlook{Waited: b.desk.o.Now().Sub(r.Queued)}
		}
		all = append(all, waitingData{
			Contact: r.Contact, Line: b.desk.line(r.Line), Class: r.Channel.Class(), Channel: r.Channel,
			WaitedMS: o.Waited.Milliseconds(), Place: o.Place, Bucket: o.Bucket,
		})
	}
	return all
}

// boardNow is the hall in one answer, for those who hold no socket.
func (d *Desk) boardNow(x *exchange) error {
	if err := d.board.figures.load(x.r.Context()); err != nil {
		return unavailable("figures", err)
	}
	data, err := d.board.look(x.r.Context())
	if err != nil {
		return unavailable("board", err)
	}
	return x.ok(data)
}
