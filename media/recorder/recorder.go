package recorder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"hotline/media"
)

// writeEvery is how often what was recorded goes to disk: what a crash costs.
const writeEvery = 500 * time.Millisecond

// ErrClosed says that the recorder has been closed.
var ErrClosed = errors.New("recorder: closed")

// result is what became of a recording.
type result string

const (
	whole result = "whole"
	gaps  result = "gaps" // the disk did not take all of it
	lost  result = "lost" // the disk took nothing
)

// Options makes a Recorder. Config and Log are needed.
type Options struct {
	Config     Config
	Log        *slog.Logger
	Registerer Registerer
	Now        func() time.Time // time.Now when nil
}

// Recorder writes down the calls of one node. Any goroutine may call it.
type Recorder struct {
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics
	root    *os.Root
	wake    chan struct{}
	stop    chan struct{}
	stopped chan struct{} // the writer is gone
	sealing sync.WaitGroup
	silence [1 << 14]byte
	block   []byte // of the writer

	mu     sync.Mutex
	closed bool
	open   map[string]*Recording // by the file's name
}

// New makes the folder, if it is missing, and starts the writer; Close ends it.
func New(o Options) (*Recorder, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, fmt.Errorf("recorder: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	m, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("recorder: %w", err)
	}
	root, err := openFolder(o.Config.Folder)
	if err != nil {
		return nil, fmt.Errorf("recorder: open folder: %w", err)
	}
	r := &Recorder{
		log: o.Log, now: o.Now, metrics: m, root: root, open: make(map[string]*Recording),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
		block: make([]byte, 0, ringSamples*channels),
	}
	for i := range r.silence {
		r.silence[i] = media.SilenceALaw
	}
	go r.run()
	return r, nil
}

func openFolder(name string) (*os.Root, error) {
	if err := os.MkdirAll(name, 0o700); err != nil {
		return nil, err
	}
	return os.OpenRoot(name)
}

// Start begins to record a call; it never waits for the disk. The ID names the
// file, and is of letters, digits, - and _; the day is that of accepted, in
// Asia/Shanghai.
func (r *Recorder) Start(id string, accepted time.Time) (*Recording, error) {
	rec, err := r.start(id, accepted)
	if err != nil {
		r.metrics.refused.Inc()
		return nil, fmt.Errorf("recorder: start: %w", err)
	}
	r.metrics.open.Inc()
	r.nudge()
	return rec, nil
}

func (r *Recorder) start(id string, accepted time.Time) (*Recording, error) {
	if !plain(id) {
		return nil, fmt.Errorf("%q is no name of a file", id)
	}
	rec := &Recording{
		recorder: r, log: r.log.With("contact_id", id), name: path.Join(day(accepted), id+".wav"),
		ring: newRing(), began: r.now(), done: make(chan struct{}),
	}
	rec.said, rec.heard = side{of: rec, channel: left}, side{of: rec, channel: right}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	if r.open[rec.name] != nil {
		return nil, errors.New("it is being recorded")
	}
	r.open[rec.name] = rec
	return rec, nil
}

// day names the folder of a day in China, UTC+8 the whole year since 1991.
func day(t time.Time) string {
	return t.In(time.FixedZone("Asia/Shanghai", 8*60*60)).Format(time.DateOnly)
}

// plain says whether an ID may name a file.
func plain(id string) bool {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
	return id != "" && len(id) <= 64 && strings.Trim(id, letters) == ""
}

// Open opens a finished recording by its Path. The caller closes it.
func (r *Recorder) Open(name string) (*os.File, error) {
	if path.Ext(name) != ".wav" {
		return nil, fmt.Errorf("recorder: open: %w", os.ErrNotExist)
	}
	return r.root.Open(name)
}

// Close ends the recordings that are open, and returns once all is written, or
// with the context's error. Safe to call twice.
func (r *Recorder) Close(ctx context.Context) error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.stop)
	}
	r.mu.Unlock()
	done := make(chan struct{})
	go func() { defer close(done); <-r.stopped; r.sealing.Wait() }()
	select {
	case <-done:
		return r.root.Close()
	case <-ctx.Done():
		return fmt.Errorf("recorder: close: %d recordings left open: %w", len(r.all()), ctx.Err())
	}
}

// nudge wakes the writer before its time.
func (r *Recorder) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run is the writer, to its end.
func (r *Recorder) run() {
	defer close(r.stopped)
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.write(func(*Recording) bool { return true }, false)
		case <-r.wake:
			r.write((*Recording).urgent, false)
		case <-r.stop:
			for _, rec := range r.all() {
				rec.End()
			}
			r.write(func(*Recording) bool { return true }, true)
			return
		}
	}
}

// urgent says that the recording has just begun, or ended.
func (rec *Recording) urgent() bool {
	if rec.file.file == nil && !rec.file.complained {
		return true
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.ended && rec.file.tries == 0
}

// write takes those recordings a step further that are chosen.
func (r *Recorder) write(chosen func(*Recording) bool, give bool) {
	for _, rec := range r.all() {
		if !chosen(rec) || !rec.step(rec.position(r.now()), give) {
			continue
		}
		r.mu.Lock()
		delete(r.open, rec.name)
		r.mu.Unlock()
		r.metrics.open.Dec()
		r.sealing.Go(rec.finish)
	}
}

func (r *Recorder) all() []*Recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*Recording, 0, len(r.open))
	for _, rec := range r.open {
		all = append(all, rec)
	}
	return all
}
