package sip

import (
	"bytes"
)

// Bounds of one message. The largest IMS INVITE seen is 4 KiB with 60 headers.
const (
	maxMessage = 16 << 10
	maxLine    = 4 << 10 // of the head
	maxLines   = 192     // of the head
	maxHeaders = 256     // lists taken apart
	maxVias    = 70      // as many as Max-Forwards allows
)

// oversized says whether a message breaks a bound that can be seen without
// parsing it.
func oversized(message []byte) bool {
	if len(message) > maxMessage {
		return true
	}
	for lines := 0; ; lines++ {
		end := bytes.Index(message, []byte("\r\n"))
		switch {
		case end < 0:
			return len(message) > maxLine
		case end == 0 && lines > 0:
			return false
		case end > maxLine || lines > maxLines:
			return true
		}
		message = message[end+2:]
	}
}

// rawHeader finds the value of a header in a message that was not parsed, by
// its lower-case name or its short form; nil: it is not there. It allocates
// nothing.
func rawHeader(message []byte, name, short string) []byte {
	for {
		end := bytes.Index(message, []byte("\r\n"))
		if end < 0 {
			return nil
		}
		message = message[end+2:]
		line := message
		if end = bytes.Index(line, []byte("\r\n")); end >= 0 {
			line = line[:end]
		}
		if len(line) == 0 {
			return nil
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			continue
		}
		if is(bytes.TrimRight(line[:colon], " \t"), name, short) {
			return bytes.TrimSpace(line[colon+1:])
		}
	}
}

// is compares a header's name without regard to case.
func is(name []byte, long, short string) bool {
	return equalFold(name, long) || equalFold(name, short)
}

func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
