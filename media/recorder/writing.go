package recorder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"hotline/media"
)

const (
	openSuffix = ".open"
	// fillOctets is how much silence is written into gaps at a time, so that
	// one long gap does not keep the others waiting.
	fillOctets = 256 << 10
	// lastTries is how often the end of a recording is offered to a disk that
	// refuses it.
	lastTries = 6
)

// writing is the file of a recording. It belongs to the writer's goroutine,
// and after the end to the one that finishes it.
type writing struct {
	file       *os.File
	written    int64 // samples: the file is as long as that
	complained bool
	tries      int // to write the end
}

// step writes what is new, and says whether nothing is left to write.
func (rec *Recording) step(now int64, give bool) (over bool) {
	to, ended := rec.upTo(now)
	err := rec.advance(to)
	if err != nil {
		rec.complain(err)
	}
	if !ended {
		return false
	}
	rec.file.tries++
	return err == nil || give || rec.file.tries >= lastTries
}

// upTo is where the recording ends for now.
func (rec *Recording) upTo(now int64) (to int64, ended bool) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.ended {
		return rec.end, true
	}
	return now, false
}

// advance brings the file up to to.
func (rec *Recording) advance(to int64) error {
	for {
		from, end := rec.next(to)
		err := rec.put(from, end)
		rec.settle(from, end, to, err)
		if err != nil || end == to {
			return err
		}
	}
}

// next copies what is to be written next into the recorder's block.
func (rec *Recording) next(to int64) (from, end int64) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	end = min(to, rec.ring.end())
	from = min(rec.ring.dirty, end)
	rec.recorder.block = rec.ring.copy(rec.recorder.block[:0], from, end)
	rec.ring.dirty = end
	return from, end
}

// settle makes room in the ring: after a write for what comes; after a refused
// one only as much as must be, so that it can be tried again.
func (rec *Recording) settle(from, end, to int64, err error) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if err == nil {
		rec.ring.forget(end - keep)
		return
	}
	rec.ring.dirty = min(rec.ring.dirty, from)
	first := to + ahead - ringSamples
	if rec.ring.dirty < first {
		rec.marks.add(mark{rec.ring.dirty, first, rec.ring.dirty})
	}
	rec.ring.forget(first)
}

// put writes the recorder's block, and a header that fits.
func (rec *Recording) put(from, end int64) error {
	w := &rec.file
	if err := rec.create(); err != nil {
		return err
	}
	block := rec.recorder.block
	if len(block) > 0 {
		if _, err := w.file.WriteAt(block, headerSize+from*frameOctets); err != nil {
			return err
		}
		rec.recorder.metrics.octets.Add(float64(len(block)))
	}
	w.written = max(w.written, end)
	if err := rec.fill(fillOctets); err != nil {
		return err
	}
	return rec.head(0)
}

// head writes the header.
func (rec *Recording) head(further int) error {
	h := header(rec.file.written, further)
	_, err := rec.file.file.WriteAt(h[:], 0)
	return err
}

// create opens the file, unless it is open.
func (rec *Recording) create() error {
	if rec.file.file != nil {
		return nil
	}
	root := rec.recorder.root
	if err := root.MkdirAll(path.Dir(rec.name), 0o700); err != nil {
		return err
	}
	f, err := root.OpenFile(rec.name+openSuffix, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := claim(f); err != nil {
		return errors.Join(err, f.Close())
	}
	rec.file.file = f
	return nil
}

// claim marks a file as ours until it is closed, or the process is dead.
func claim(f *os.File) error {
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

// fill writes at most that many octets of silence into the gaps of the file,
// which would sound as a constant otherwise.
func (rec *Recording) fill(limit int64) error {
	rec.mu.Lock()
	spans := slices.Clone(rec.marks)
	rec.mu.Unlock()
	for i, span := range spans {
		to := min(span.to, rec.file.written)
		for at := span.filled; at < to && limit > 0; {
			n := min(to-at, int64(len(rec.recorder.silence))/frameOctets)
			if _, err := rec.file.file.WriteAt(rec.recorder.silence[:n*frameOctets], headerSize+at*frameOctets); err != nil {
				return err
			}
			at, limit = at+n, limit-n*frameOctets
			rec.filled(i, at)
		}
	}
	return nil
}

func (rec *Recording) filled(i int, at int64) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.marks[i].filled = at
}

// complain counts what the disk refused, and logs it once a recording.
func (rec *Recording) complain(err error) {
	rec.recorder.metrics.failed.Inc()
	if !rec.file.complained {
		rec.file.complained = true
		rec.log.Error("recording not written", "error", err)
	}
}

// finish gives the file its last form and its name.
func (rec *Recording) finish() {
	defer close(rec.done)
	err := rec.seal()
	if err != nil {
		rec.complain(err)
	}
	r := rec.judge()
	rec.recorder.metrics.ended.WithLabelValues(string(r)).Inc()
	rec.log.Info("recording ended", "result", string(r), "seconds", rec.file.written/media.SampleRate)
}

// judge says what became of the recording.
func (rec *Recording) judge() result {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	switch {
	case rec.file.file == nil:
		rec.result = lost
	case len(rec.marks) > 0 || rec.file.written < rec.end:
		rec.result = gaps
	default:
		rec.result = whole
	}
	return rec.result
}

// seal fills the gaps, writes the marks, syncs and renames. Where the disk
// refuses a part of it, what is there still plays.
func (rec *Recording) seal() error {
	w := &rec.file
	if w.file == nil {
		return errors.New("no file")
	}
	err := errors.Join(rec.fill(1<<62), rec.append(), w.file.Sync())
	root := rec.recorder.root
	return errors.Join(err, root.Rename(rec.name+openSuffix, rec.name), w.file.Close(), syncFolder(root, path.Dir(rec.name)))
}

// append writes the marks behind the audio, and then the header that knows them.
func (rec *Recording) append() error {
	rec.mu.Lock()
	further := rec.marks.chunks()
	rec.mu.Unlock()
	size := headerSize + rec.file.written*frameOctets
	if err := rec.file.file.Truncate(size); err != nil {
		return err
	}
	if _, err := rec.file.file.WriteAt(further, size); err != nil {
		return errors.Join(err, rec.file.file.Truncate(size), rec.head(0))
	}
	return rec.head(len(further))
}

// syncFolder makes names last.
func syncFolder(root *os.Root, name string) error {
	d, err := root.Open(name)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, fs.ErrInvalid) { // not every file system can
		err = nil
	}
	return errors.Join(err, d.Close())
}
