package desk

import (
	"context"
	"sync"
	"time"

	"hotline/contact"
	"hotline/people"
)

// boardChunk is how many agents one frame carries at most, so that it stays
// below 64 KiB.
const boardChunk = 200

// gallery is where the board's watchers stand. Its goroutine lives while there
// are any, and shows the board once a second.
type gallery struct {
	board *board

	mu       sync.Mutex
	watchers map[*socket]bool // whether it has seen all agents
	shown    map[contact.AgentID]boardAgent
	open     bool
	wake     chan struct{}
}

func newGallery(b *board) *gallery {
	return &gallery{board: b, watchers: map[*socket]bool{}, wake: make(chan struct{}, 1)}
}

type watchData struct {
	On *bool `json:"on"`
}

// watchBoard lets a supervisor's desk watch, or lets it be.
func (s *seat) watchBoard(c *command) error {
	var d watchData
	if err := decodeStrict(c.data, &d); err != nil {
		return err
	}
	if d.On == nil {
		return wrongField("on", "缺少 on / on is missing")
	}
	if s.account.Role == people.Agent {
		return problem(Forbidden, "权限不足 / not allowed for this role")
	}
	s.desk.gallery.set(c.by, *d.On)
	return nil
}

func (g *gallery) set(k *socket, on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !on {
		delete(g.watchers, k)
		return
	}
	g.watchers[k] = false // it wants all of it, also when it asks again
	if !g.open {
		g.open = true
		g.board.desk.running.Go(g.run) // the seat that asks is counted, so that nobody has waited in vain
	}
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// run shows the board until nobody watches. Who comes in between is shown it at
// once, the others when a second is over.
func (g *gallery) run() {
	pace := time.NewTicker(boardEvery)
	defer pace.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var asking sync.WaitGroup
	defer asking.Wait()
	due := true
	for g.watched() {
		asking.Go(func() { g.refresh(ctx) })
		g.show(ctx, due)
		select {
		case <-pace.C:
			due = true
		case <-g.wake:
			due = false
		}
	}
}

// refresh asks the records beside the show: a slow database must not stop it.
func (g *gallery) refresh(ctx context.Context) {
	f := g.board.figures
	if !f.asking.TryLock() {
		return // it is being asked
	}
	f.asking.Unlock()
	ctx, cancel := context.WithTimeout(ctx, figuresEvery)
	defer cancel()
	if err := f.load(ctx); err != nil && ctx.Err() == nil {
		g.board.desk.metrics.boards.WithLabelValues("no_figures").Inc()
		g.board.desk.o.Log.Warn("board without new figures", "error", err)
	}
}

// watched forgets sockets that are gone; false ends the show.
func (g *gallery) watched() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for k := range g.watchers {
		if k.over() {
			delete(g.watchers, k)
		}
	}
	g.open = len(g.watchers) > 0
	if !g.open {
		g.shown = nil
	}
	return g.open
}

// show looks at the hall and tells the watchers what has changed. When the
// queue does not answer they are told nothing: the age of what they see grows.
func (g *gallery) show(ctx context.Context, due bool) {
	data, err := g.board.look(ctx)
	if err != nil {
		g.board.desk.metrics.boards.WithLabelValues("failed").Inc()
		g.board.desk.o.Log.Warn("board not shown", "error", err)
		return
	}
	g.board.desk.metrics.boards.WithLabelValues("shown").Inc()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shown == nil {
		g.remember(data)
	}
	if due {
		g.tellChanges(data)
	}
	g.tellAll(data)
}

// tellChanges is for those who have seen all agents once.
func (g *gallery) tellChanges(data boardData) {
	data.Agents, data.Gone = changed(g.shown, data.Agents)
	if len(data.Agents) > boardChunk {
		data.Agents = data.Agents[:boardChunk] // the rest differs still when the next frame is due
	}
	g.remember(data)
	news := frame("board", "", 0, data)
	for k, seen := range g.watchers {
		if seen {
			k.send(news)
		}
	}
}

// tellAll is for those who have come since.
func (g *gallery) tellAll(data boardData) {
	list := introduce(data.Agents)
	data.Agents, data.Gone = []boardAgent{}, []contact.AgentID{}
	news := frame("board", "", 0, data)
	for k, seen := range g.watchers {
		if !seen {
			k.send(append(list, news)...)
			g.watchers[k] = true
		}
	}
}

func (g *gallery) remember(data boardData) {
	if g.shown == nil {
		g.shown = make(map[contact.AgentID]boardAgent, len(data.Agents))
	}
	for _, a := range data.Agents {
		g.shown[a.ID] = a
	}
	for _, id := range data.Gone {
		delete(g.shown, id)
	}
}

// agentsData is the data of board.agents; the first frame begins the list anew.
type agentsData struct {
	First  bool         `json:"first"`
	Agents []boardAgent `json:"agents"`
}

// introduce is the list of all agents, in frames.
func introduce(all []boardAgent) [][]byte {
	var frames [][]byte
	for from := 0; from == 0 || from < len(all); from += boardChunk {
		part := all[from:min(from+boardChunk, len(all))]
		frames = append(frames, frame("board.agents", "", 0, agentsData{from == 0, part}))
	}
	return frames
}

// over says that the socket is ending.
func (k *socket) over() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ending
}
