package config

import (
	"reflect"
	"strings"
)

// defaults fills a struct and the structs in it from the tags.
func (l *loader) defaults(v reflect.Value, path string) {
	for _, f := range fields(v.Type()) {
		at, here := v.FieldByIndex(f.index), join(path, f.key)
		if f.def != "" {
			if err := setWords(at, f.def); err != nil {
				l.add(here, 0, "default %q: %v", f.def, err)
			}
		}
		if at.Kind() == reflect.Struct && shapeOf(f.typ) == section {
			l.defaults(at, here)
		}
	}
}

// setWords reads a scalar, or a list of scalars set apart by commas.
func setWords(v reflect.Value, text string) error {
	if shapeOf(v.Type()) != list {
		return setText(v, text)
	}
	v = target(v)
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
	made := reflect.MakeSlice(v.Type(), len(words), len(words))
	for i, word := range words {
		if err := setText(made.Index(i), strings.TrimSpace(word)); err != nil {
			return err
		}
	}
	v.Set(made)
	return nil
}

// made is the value behind v; a section that had to be made starts from its
// defaults.
func (l *loader) made(v reflect.Value, path string) reflect.Value {
	fresh := v.Kind() == reflect.Pointer && v.IsNil()
	v = target(v)
	if fresh && shapeOf(v.Type()) == section {
		l.defaults(v, path)
	}
	return v
}
