package sip

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"

	"github.com/emiago/sipgo/sip"
)

// maxParts of a multipart body; a carrier's has two (SDP and ISUP).
const maxParts = 8

var errBodyType = errors.New("body is not a session description")

// sessionBody returns the SDP of a message, alone or as a part of
// multipart/mixed; nil when there is no body.
func sessionBody(m sip.Message) ([]byte, error) {
	body := m.Body()
	if len(body) == 0 {
		return nil, nil
	}
	h := m.GetHeaders("content-type")
	if len(h) == 0 {
		h = m.GetHeaders("c")
	}
	if len(h) == 0 {
		return nil, errBodyType
	}
	kind, params := mediaType(h[0].Value())
	switch kind {
	case "application/sdp":
		return body, nil
	case "multipart/mixed", "multipart/alternative":
		return sessionPart(body, params["boundary"])
	}
	return nil, errBodyType
}

func sessionPart(body []byte, boundary string) ([]byte, error) {
	if boundary == "" {
		return nil, errBodyType
	}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for range maxParts {
		part, err := parts.NextRawPart()
		if err != nil {
			return nil, errBodyType
		}
		if kind, _ := mediaType(part.Header.Get("Content-Type")); kind != "application/sdp" {
			continue
		}
		found, err := io.ReadAll(io.LimitReader(part, maxDescription))
		if err != nil {
			return nil, fmt.Errorf("read session part: %w", err)
		}
		return found, nil
	}
	return nil, errBodyType
}
