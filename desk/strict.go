package desk

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
)

// maxBody is the largest body and the largest frame, in bytes.
const maxBody = 64 << 10

// decodeStrict reads exactly one JSON value into the struct at to. An unknown
// key (in any case but its own), a wrong type or trailing data is a *Problem
// that names the field by its path, such as requester.phone.
func decodeStrict(data []byte, to any) error {
	var tree any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return &Problem{Code: InvalidJSON, Message: "JSON 格式错误 / not valid JSON", Cause: err}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return problem(InvalidJSON, "JSON 之后有多余内容 / data after the JSON value")
	}
	if path := unknownKey(tree, reflect.TypeOf(to), ""); path != "" {
		return &Problem{Code: UnknownField, Field: path, Message: "未知字段 / unknown field"}
	}
	if err := json.Unmarshal(data, to); err != nil {
		return typeProblem(err)
	}
	return nil
}

// typeProblem names the field whose type is wrong.
func typeProblem(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := wrong.Field
		if field == "" {
			return &Problem{Code: InvalidJSON, Message: "应为对象 / want an object", Cause: err}
		}
		return &Problem{Code: InvalidField, Field: field, Message: "类型错误 / wrong type", Cause: err}
	}
	return &Problem{Code: InvalidJSON, Message: "JSON 格式错误 / not valid JSON", Cause: err}
}

// unknownKey finds a key that the type does not have; empty when there is none.
func unknownKey(tree any, t reflect.Type, path string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := tree.(type) {
	case map[string]any:
		if t.Kind() == reflect.Struct && !opaque(t) {
			return unknownMember(v, t, path)
		}
	case []any:
		if t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
			for _, item := range v {
				if found := unknownKey(item, t.Elem(), path); found != "" {
					return found
				}
			}
		}
	}
	return ""
}

func unknownMember(object map[string]any, t reflect.Type, path string) string {
	known := members(t)
	found := ""
	for key, value := range object {
		at := strings.TrimPrefix(path+"."+key, ".")
		field, ok := known[key]
		if ok {
			at = unknownKey(value, field, at)
		}
		if at != "" && (found == "" || at < found) {
			found = at // the first in order, so that the answer is always the same
		}
	}
	return found
}

// members lists a struct's JSON keys.
func members(t reflect.Type) map[string]reflect.Type {
	known := make(map[string]reflect.Type, t.NumField())
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "-" {
			known[name] = f.Type
		}
	}
	return known
}

// opaque types read their JSON themselves.
func opaque(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
}
