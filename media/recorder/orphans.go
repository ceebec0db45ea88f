package recorder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"hotline/media"
)

// Orphan is a recording whose process died before its end.
type Orphan struct {
	ID    string        // of the contact
	Path  string        // of the file, which plays and has its name now
	Ended time.Time     // when it was written last
	Lasts time.Duration // what is there
}

// CloseOrphans gives recordings that a dead process left open their length and
// their name. Those of a living process are left alone. What cannot be closed
// stays for the next time; the error tells of the first such file, and the
// others are closed nevertheless. It waits for the disk.
func (r *Recorder) CloseOrphans(ctx context.Context) ([]Orphan, error) {
	names, err := fs.Glob(r.root.FS(), "*/*.wav"+openSuffix)
	if err != nil {
		return nil, fmt.Errorf("recorder: look for orphans: %w", err)
	}
	var orphans []Orphan
	var first error
	for _, name := range names {
		if ctx.Err() != nil {
			return orphans, errors.Join(first, ctx.Err())
		}
		switch o, err := r.adopt(name); {
		case err == nil:
			orphans = append(orphans, o)
		case !errors.Is(err, errAlive) && first == nil:
			first = fmt.Errorf("recorder: close orphan %s: %w", name, err)
		}
	}
	return orphans, first
}

// errAlive says that somebody writes the file, or has just finished it.
var errAlive = errors.New("recorder: in use")

func (r *Recorder) adopt(name string) (o Orphan, err error) {
	f, err := r.root.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return Orphan{}, errAlive
	}
	if err != nil {
		return Orphan{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := claim(f); errors.Is(err, unix.EWOULDBLOCK) {
		return Orphan{}, errAlive
	} else if err != nil {
		return Orphan{}, err
	}
	return r.close(f, name)
}

// close repairs a file that is ours alone now.
func (r *Recorder) close(f *os.File, name string) (Orphan, error) {
	info, err := r.root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Orphan{}, errAlive // renamed while we opened it
	}
	if err != nil {
		return Orphan{}, err
	}
	frames, err := repair(f, info.Size())
	if err != nil {
		return Orphan{}, err
	}
	named := strings.TrimSuffix(name, openSuffix)
	if err := errors.Join(f.Sync(), r.root.Rename(name, named), syncFolder(r.root, path.Dir(name))); err != nil {
		return Orphan{}, err
	}
	return Orphan{
		ID: strings.TrimSuffix(path.Base(named), ".wav"), Path: named, Ended: info.ModTime(),
		Lasts: time.Duration(frames) * time.Second / media.SampleRate,
	}, nil
}

// repair writes the header that fits the file's length, and returns the samples
// a channel that it holds.
func repair(f *os.File, size int64) (frames int64, err error) {
	var h [headerSize]byte
	if _, err := f.ReadAt(h[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if frames, ok := finished(h, size); ok {
		return frames, nil
	}
	frames = min(max(size-headerSize, 0)/frameOctets, maxFrames)
	if err := f.Truncate(headerSize + frames*frameOctets); err != nil {
		return 0, err
	}
	h = header(frames, 0)
	_, err = f.WriteAt(h[:], 0)
	return frames, err
}
