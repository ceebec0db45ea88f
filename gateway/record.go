package gateway

import (
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/contact"
)

// Recording names the file of the call's audio below the recordings' folder;
// empty before the answer, and when there is none. The file has that name once
// the leg has ended and all is written.
func (c *Call) Recording() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.recording == nil {
		return ""
	}
	return c.recording.Path()
}

// record begins to write down what the citizen says and hears. A call that
// cannot be recorded goes on.
func (c *Call) record() {
	c.mu.Lock()
	defer c.mu.Unlock()
	citizen, err := c.media()
	if c.tape == nil || err != nil {
		return
	}
	began, err := c.tape.Start(string(c.id), accepted(c.id))
	if err != nil {
		c.log.Error("call not recorded", "error", err)
		return
	}
	c.recording = began
	citizen.Tap(began.Said(), began.Heard())
}

// stopRecording ends the recording with the leg. The mutex is held.
func (c *Call) stopRecording() {
	if c.recording == nil {
		return
	}
	if m := c.leg.Media(); m != nil {
		m.Tap(nil, nil)
	}
	c.recording.End()
}

// accepted is when a contact's ID was made, which is when it was accepted.
func accepted(id contact.ID) time.Time {
	parsed, err := ulid.ParseStrict(string(id))
	if err != nil {
		return time.Now()
	}
	return parsed.Timestamp()
}
