package recorder

import "encoding/binary"

// maxMarks bounds what one recording remembers; further spans are not marked.
const maxMarks = 64

// maxMarkOctets is more than the chunks of maxMarks can take.
const maxMarkOctets = 8 << 10

// gapLabel is what editors show of a mark.
const gapLabel = "gap"

// mark is a span of a recording that is silent though the call may not have
// been: the disk did not take it.
type mark struct {
	from, to int64 // in samples
	filled   int64 // on disk there is silence up to here
}

// marks are the spans of one recording, in the order they began.
type marks []mark

// add notes a span; one that goes on where the last one ended is the same.
func (m *marks) add(span mark) {
	if n := len(*m); n > 0 && span.from <= (*m)[n-1].to {
		(*m)[n-1].extend(span)
		return
	}
	if len(*m) < maxMarks {
		*m = append(*m, span)
	}
}

func (m *mark) extend(span mark) {
	silent := m.filled == m.to && span.filled == span.to
	m.to = max(m.to, span.to)
	if silent {
		m.filled = m.to
	}
}

// chunks are the marks as cue points with labels and lengths (RIFF "cue " and
// "LIST" of type "adtl"), to stand after the audio.
func (m marks) chunks() []byte {
	if len(m) == 0 {
		return nil
	}
	le := binary.LittleEndian
	cue := le.AppendUint32(nil, uint32(len(m)))
	list := []byte("adtl")
	for i, span := range m {
		id, from := uint32(i+1), uint32(span.from)
		cue = le.AppendUint32(le.AppendUint32(cue, id), from)
		cue = append(cue, "data"...)
		cue = le.AppendUint32(le.AppendUint32(le.AppendUint32(cue, 0), 0), from)
		list = appendChunk(list, "labl", append(le.AppendUint32(nil, id), gapLabel+"\x00"...))
		length := le.AppendUint32(le.AppendUint32(nil, id), uint32(span.to-span.from))
		list = appendChunk(list, "ltxt", append(length, "rgn \x00\x00\x00\x00\x00\x00\x00\x00"...))
	}
	return appendChunk(appendChunk(nil, "cue ", cue), "LIST", list)
}

// appendChunk adds one chunk, padded to an even length.
func appendChunk(dst []byte, name string, body []byte) []byte {
	dst = append(dst, name...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(body)))
	dst = append(dst, body...)
	if len(body)%2 != 0 {
		dst = append(dst, 0)
	}
	return dst
}
