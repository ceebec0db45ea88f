package desk

import (
	"errors"
	"io/fs"
	"net/http"
	"os"

	"hotline/audit"
	"hotline/media"
	"hotline/records"
)

// Recordings opens what was recorded, by the name that a contact's record has.
// A recording that goes on, or is gone, is fs.ErrNotExist.
type Recordings interface {
	Open(name string) (*os.File, error)
}

// recording plays what a citizen said and heard, once the look is in the
// audit. Each request is a look: a player that seeks makes several.
func (d *Desk) recording(x *exchange) error {
	id, err := x.contactID()
	if err != nil {
		return err
	}
	r, err := d.o.Records.Find(x.r.Context(), id)
	if errors.Is(err, records.ErrNotFound) {
		return noRecording(err)
	}
	if err != nil {
		return unavailable("record of the contact", err)
	}
	f, err := d.openRecording(r.Recording)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return unavailable("recording", err)
	}
	if err := d.look(x, audit.RecordingPlayed, "contact", string(id), ""); err != nil {
		return err
	}
	h := x.w.Header()
	h.Set("Content-Type", "audio/wav")
	h.Set("Content-Disposition", `inline; filename="`+string(id)+`.wav"`)
	http.ServeContent(x.w, x.r, "", info.ModTime(), f)
	return nil
}

func (d *Desk) openRecording(name string) (*os.File, error) {
	if name == "" || d.o.Recordings == nil {
		return nil, noRecording(nil)
	}
	f, err := d.o.Recordings.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noRecording(err)
	}
	if err != nil {
		return nil, unavailable("recording", err)
	}
	return f, nil
}

func noRecording(cause error) error {
	return &Problem{Code: NotFound, Message: "没有录音 / no recording", Cause: cause}
}

// recorded says whether there is something to play: not while the call goes on.
func recorded(r records.Record) bool { return r.Recording != "" && causeOf(r) != "" }

// quality is nil where nothing was measured.
func quality(q media.Quality) *directionData {
	if q == (media.Quality{}) {
		return nil
	}
	d := direction(q)
	return &d
}
