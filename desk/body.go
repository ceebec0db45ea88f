package desk

import (
	"errors"
	"io"
	"net/http"
	"time"

	"hotline/contact"
)

// bodyWithin is how long a body may take.
const bodyWithin = 5 * time.Second

// read takes the body strictly into to.
func (x *exchange) read(to any) error {
	// Not every ResponseWriter of a test can do it, every server's can.
	_ = http.NewResponseController(x.w).SetReadDeadline(time.Now().Add(bodyWithin))
	body, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return problem(TooLarge, "请求过大(上限 64 KiB)/ over 64 KiB")
	case err != nil:
		return &Problem{Code: InvalidJSON, Message: "请求不完整 / the body broke off", Cause: err}
	}
	return decodeStrict(body, to)
}

// contactID reads the contact of the path.
func (x *exchange) contactID() (contact.ID, error) {
	id, err := contact.ParseID(x.r.PathValue("id"))
	if err != nil {
		return "", &Problem{Code: NotFound, Message: "没有这条记录 / not found", Cause: err}
	}
	return id, nil
}

func (x *exchange) ok(body any) error { return writeJSON(x.w, http.StatusOK, body) }
