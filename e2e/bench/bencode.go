package main

import (
	"errors"
	"slices"
	"strconv"
)

// dict is a dictionary of bencode, in which rtpengine's ng protocol speaks.
// Values are string, int64, []any and dict.
type dict = map[string]any

var errBencode = errors.New("not bencode")

// bencode writes a value; keys are sorted, as the format wants.
func bencode(to []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		to = append(strconv.AppendInt(to, int64(len(v)), 10), ':')
		return append(to, v...)
	case int64:
		return append(strconv.AppendInt(append(to, 'i'), v, 10), 'e')
	case []any:
		to = append(to, 'l')
		for _, item := range v {
			to = bencode(to, item)
		}
		return append(to, 'e')
	case dict:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		to = append(to, 'd')
		for _, key := range keys {
			to = bencode(bencode(to, key), v[key])
		}
		return append(to, 'e')
	default:
		return to // no other type is written here
	}
}

// bdecode reads one value, and nothing may follow.
func bdecode(b []byte) (any, error) {
	value, rest, err := bvalue(b, 0)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, errBencode
	}
	return value, nil
}

// nested is how deep values may lie in each other.
const nested = 32

func bvalue(b []byte, depth int) (value any, rest []byte, err error) {
	switch {
	case len(b) == 0 || depth > nested:
		return nil, nil, errBencode
	case b[0] == 'i':
		return binteger(b[1:])
	case b[0] == 'l':
		return blist(b[1:], depth+1)
	case b[0] == 'd':
		return bdict(b[1:], depth+1)
	default:
		return bstring(b)
	}
}

func binteger(b []byte) (any, []byte, error) {
	end := slices.Index(b, 'e')
	if end < 0 {
		return nil, nil, errBencode
	}
	n, err := strconv.ParseInt(string(b[:end]), 10, 64)
	if err != nil {
		return nil, nil, errBencode
	}
	return n, b[end+1:], nil
}

func bstring(b []byte) (any, []byte, error) {
	colon := slices.Index(b, ':')
	if colon < 0 {
		return nil, nil, errBencode
	}
	size, err := strconv.ParseUint(string(b[:colon]), 10, 31)
	b = b[colon+1:]
	if err != nil || uint64(len(b)) < size {
		return nil, nil, errBencode
	}
	return string(b[:size]), b[size:], nil
}

func blist(b []byte, depth int) (any, []byte, error) {
	list := []any{}
	for len(b) > 0 && b[0] != 'e' {
		item, rest, err := bvalue(b, depth)
		if err != nil {
			return nil, nil, err
		}
		list, b = append(list, item), rest
	}
	if len(b) == 0 {
		return nil, nil, errBencode
	}
	return list, b[1:], nil
}

func bdict(b []byte, depth int) (any, []byte, error) {
	d := dict{}
	for len(b) > 0 && b[0] != 'e' {
		key, rest, err := bstring(b)
		if err != nil {
			return nil, nil, err
		}
		value, rest, err := bvalue(rest, depth)
		if err != nil {
			return nil, nil, err
		}
		d[key.(string)], b = value, rest
	}
	if len(b) == 0 {
		return nil, nil, errBencode
	}
	return d, b[1:], nil
}
