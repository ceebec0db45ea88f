package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/audit"
	"hotline/contact"
	"hotline/desk/headless"
	"hotline/records"
	"hotline/routing"
)

// floor is what the queue shows and lets a supervisor do.
type floor struct {
	mu     sync.Mutex
	board  routing.Board
	away   error
	looks  int
	gone   map[contact.ID]bool
	picked map[contact.ID]contact.AgentID
	refuse error
}

func (f *floor) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (q *queue) Board(context.Context) (routing.Board, error) {
	q.floor.mu.Lock()
	defer q.floor.mu.Unlock()
	q.floor.looks++
	b := q.floor.board
	b.At = time.Now()
	return b, q.floor.away
}

func (q *queue) Outlook(_ context.Context, id contact.ID) (routing.Outlook, error) {
	q.floor.mu.Lock()
	defer q.floor.mu.Unlock()
	if q.floor.gone[id] {
		return routing.Outlook{}, routing.ErrUnknown
	}
	return routing.Outlook{Bucket: "general", Place: 2, Waited: 40 * time.Second}, nil
}

func (q *queue) Assign(_ context.Context, id contact.ID, agent contact.AgentID) error {
	q.floor.mu.Lock()
	defer q.floor.mu.Unlock()
	if q.floor.refuse != nil {
		return q.floor.refuse
	}
	q.floor.picked = map[contact.ID]contact.AgentID{id: agent}
	return nil
}

// ledger is the figures.
type ledger struct {
	mu      sync.Mutex
	tallies []records.Tally
	waiting []records.Record
	asked   int
	today   time.Time
	away    error
}

func (l *ledger) Tallies(_ context.Context, _, today time.Time) ([]records.Tally, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	l.today = today
	return l.tallies, l.away
}

func (l *ledger) Waiting(context.Context, time.Time, int) ([]records.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting, l.away
}

func voiceLine(waiting int, oldest time.Duration) routing.LineWait {
	return routing.LineWait{Line: "citizen", Class: contact.Voice, Waiting: waiting, Oldest: oldest}
}

func seatWork(id string, status routing.Status, used int) routing.SeatWork {
	return routing.SeatWork{
		Agent: contact.AgentID(id), Node: "n2", Status: status,
		Used: map[contact.Class]int{contact.Voice: used}, Slots: map[contact.Class]int{contact.Voice: 1, contact.Text: 3},
	}
}

// boardBody is what a client reads of the board.
type boardBody struct {
	At        time.Time
	FiguresAt *time.Time `json:"figures_at"`
	Classes   []struct {
		Class    string
		Waiting  int
		OldestMS int `json:"oldest_ms"`
		Today    *struct {
			ServiceLevel *float64 `json:"service_level"`
		}
		Day *struct {
			ConnectRate *float64 `json:"connect_rate"`
			Short       int
		}
		Losses []struct {
			Cause string
			N     int
		}
	}
	Lines []struct {
		Line    struct{ Name, Title string }
		Class   string
		Waiting int
	}
	Waiting []struct {
		Contact  string
		Place    int
		WaitedMS int `json:"waited_ms"`
	}
	States map[string]int
	Agents []boardAgent
	Gone   []string
}

type boardAgent struct {
	ID, Name, State string
	Voice, Message  struct{ Used, Of int }
}

func TestTheBoardTellsTheHall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here, left := records.Record{Contact: "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", Channel: contact.Phone, Line: "citizen"}, records.Record{Contact: "01JDG3Z4V7Q8W9X0Y1Z2A3B4C6"}
	w.ledger.waiting = []records.Record{here, left}
	w.ledger.tallies = []records.Tally{{
		Line: "citizen", Class: contact.Voice, Today: records.Count{InTime: 3, Late: 1}, Day: records.Count{InTime: 8, Lost: 2, Short: 4},
		Losses: map[contact.Cause]int{contact.AbandonedQueue: 2, contact.RefusedFull: 5},
	}}
	w.queue.floor.set(func() {
		w.queue.floor.gone = map[contact.ID]bool{left.Contact: true}
		w.queue.floor.board = routing.Board{
			Lines: []routing.LineWait{voiceLine(2, 40*time.Second), {Line: "enterprise", Class: contact.Text, Waiting: 1}},
			Seats: []routing.SeatWork{seatWork("1005", routing.Ready, 1), seatWork("1006", routing.Ready, 0), seatWork("1007", routing.Away, 0)},
		}
	})
	w.sit("1001") // here, and the queue does not know yet
	var b boardBody
	if err := w.signIn("2001").Call(w.ctx(), "GET", "/board", nil, &b); err != nil {
		t.Fatal(err)
	}
	if c := b.Classes[0]; c.Class != "voice" || c.Waiting != 2 || c.OldestMS != 40_000 || *c.Today.ServiceLevel != 0.75 ||
		*c.Day.ConnectRate != 0.8 || c.Day.Short != 4 || len(c.Losses) != 2 || c.Losses[0].Cause != "refused_full" {
		t.Errorf("voice is %+v", c)
	}
	if c := b.Classes[1]; c.Class != "message" || c.Waiting != 1 || c.Today.ServiceLevel != nil {
		t.Errorf("messages are %+v", c)
	}
	if len(b.Lines) != 2 || b.Lines[0].Line.Title != "市民热线" || b.Lines[1].Line.Name != "enterprise" {
		t.Errorf("lines are %+v", b.Lines)
	}
	if len(b.Waiting) != 1 || b.Waiting[0].Contact != string(here.Contact) || b.Waiting[0].Place != 2 || b.Waiting[0].WaitedMS != 40_000 {
		t.Errorf("waiting are %+v", b.Waiting)
	}
	states := fmt.Sprint(b.States)
	if states != "map[busy:1 not_ready:2 ready:1]" || b.Agents[0].Name != "王芳" || b.Agents[1].Message.Of != 3 {
		t.Errorf("states are %s, agents %+v", states, b.Agents)
	}
	if got := w.ledger.today.UTC().Format("15:04"); got != "16:00" {
		t.Errorf("the day begins at %s UTC", got)
	}
}

func TestTheBoardAsksSeldom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rest := w.signIn("2001")
	for range 5 {
		if err := rest.Call(w.ctx(), "GET", "/board", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	w.queue.floor.set(func() {
		if w.queue.floor.looks > 2 {
			t.Errorf("five who ask at once look %d times", w.queue.floor.looks)
		}
	})
	if w.ledger.asked != 1 {
		t.Errorf("five who ask at once count %d times", w.ledger.asked)
	}
}

func TestTheBoardIsNotThere(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*world){
		"the queue is away":   func(w *world) { w.queue.floor.away = errors.New("away") },
		"the records are too": func(w *world) { w.ledger.away = errors.New("away") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			spoil(w)
			if r := w.send(t, ask{method: "GET", path: "/api/v1/board", token: w.signIn("2001").Token()}); r.status != 503 || r.error.Code != "unavailable" {
				t.Errorf("got %d %s", r.status, r.body)
			}
		})
	}
}

func (s *station) awaitBoard(what string, fits func(boardBody) bool) boardBody {
	s.t.Helper()
	var b boardBody
	s.await(what, func(f headless.Frame) bool {
		b = boardBody{}
		return f.Type == "board" && json.Unmarshal(f.Data, &b) == nil && fits(b)
	})
	return b
}

func TestSupervisorsWatchTheBoard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.queue.floor.set(func() {
		for n := range 450 {
			w.queue.floor.board.Seats = append(w.queue.floor.board.Seats, seatWork(fmt.Sprint(3000+n), routing.Ready, 0))
		}
	})
	s := w.sit("2001")
	s.do("board.watch", object{"on": true})
	for from, total := 0, 451; from < total; from += 200 { // with the supervisor's own seat
		var part struct {
			First  bool
			Agents []boardAgent
		}
		if f := s.awaitType("board.agents"); json.Unmarshal(f.Data, &part) != nil || part.First != (from == 0) || len(part.Agents) != min(200, total-from) || len(f.Data) > 64<<10 {
			t.Fatalf("list from %d: first %v, %d agents", from, part.First, len(part.Agents))
		}
	}
	s.awaitBoard("the hall", func(b boardBody) bool { return b.States["ready"] == 450 && len(b.Agents) == 0 })
	s.awaitBoard("figures", func(b boardBody) bool { return b.FiguresAt != nil })
	w.queue.floor.set(func() {
		w.queue.floor.board.Seats = w.queue.floor.board.Seats[1:]
		w.queue.floor.board.Seats[0].Used[contact.Voice] = 1
	})
	b := s.awaitBoard("a change", func(b boardBody) bool { return len(b.Agents) > 0 })
	if len(b.Agents) != 1 || b.Agents[0].State != "busy" || len(b.Gone) != 1 || b.Gone[0] != "3000" {
		t.Errorf("changed %+v, gone %v", b.Agents, b.Gone)
	}
	s.do("board.watch", object{"on": false})
	looks := w.looksAtTheFloor()
	s.refused("invalid_field", "board.watch", object{})
	w.sit("9001").do("board.watch", object{"on": true})
	w.awaitMetric("hotline_desk_boards_total", "shown", float64(looks))
}

func (w *world) looksAtTheFloor() int {
	w.queue.floor.mu.Lock()
	defer w.queue.floor.mu.Unlock()
	return w.queue.floor.looks
}

// TestAQueueThatIsAway shows nothing that could be taken for news.
func TestAQueueThatIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.queue.floor.set(func() { w.queue.floor.away = errors.New("away") })
	s := w.sit("2001")
	s.do("board.watch", object{"on": true})
	w.awaitMetric("hotline_desk_boards_total", "failed", 1)
	w.queue.floor.set(func() { w.queue.floor.away = nil })
	if f := s.await("a frame of the board", func(f headless.Frame) bool { return strings.HasPrefix(f.Type, "board") }); f.Type != "board.agents" {
		t.Errorf("the first frame is %s", f.Type)
	}
	s.awaitBoard("the hall", func(boardBody) bool { return true })
}

func TestAgentsDoNotWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sit("1001").refused("forbidden", "board.watch", object{"on": true})
	second := w.open(w.signIn("2001"), headless.Hello{})
	third := w.open(second.rest, headless.Hello{})
	third.do("board.watch", object{"on": true}) // it has not the phone
	third.awaitType("board.agents")
}

func TestASupervisorPicks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := contact.ID(ulid.Make().String())
	call := ask{method: "POST", path: "/api/v1/contacts/" + string(id) + "/assign", token: w.signIn("2001").Token(), body: `{"agent":"1001"}`}
	if r := w.send(t, call); r.status != 200 || r.body != `{"agent":"1001"}` || w.queue.floor.picked[id] != "1001" {
		t.Fatalf("got %d %s, picked %v", r.status, r.body, w.queue.floor.picked)
	}
	if e := w.looks.all[0]; e.Action != audit.ContactAssigned || e.ID != string(id) || e.Who != "2001" || e.Reason != "to 1001" {
		t.Errorf("audit has %+v", e)
	}
	tests := map[string]struct {
		err    error
		status int
		code   string
	}{
		"it does not wait": {routing.ErrStale, 409, "stale"},
		"no room":          {fmt.Errorf("assign: %w", routing.ErrBusy), 409, "conflict"},
		"unknown":          {routing.ErrUnknown, 404, "not_found"},
		"no lease":         {routing.ErrFenced, 503, "unavailable"},
		"away":             {errors.New("away"), 503, "unavailable"},
	}
	for name, tt := range tests {
		w.queue.floor.refuse = tt.err
		if r := w.send(t, call); r.status != tt.status || r.error.Code != tt.code {
			t.Errorf("%s: got %d %s", name, r.status, r.body)
		}
	}
	for name, body := range map[string]string{"no agent": `{}`, "a key": `{"agent":"{hall}:x"}`, "a list": `["1001"]`} {
		if r := w.send(t, ask{method: "POST", path: call.path, token: call.token, body: body}); r.status != 400 {
			t.Errorf("%s: got %d %s", name, r.status, r.body)
		}
	}
	w.looks.fail = errors.New("the audit is away")
	w.queue.floor.refuse, w.queue.floor.picked = nil, nil
	if r := w.send(t, call); r.status != 503 || w.queue.floor.picked != nil {
		t.Errorf("without the audit: %d, picked %v", r.status, w.queue.floor.picked)
	}
}
