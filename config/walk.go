package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// walk visits every field of every struct in v: the struct, the field, its
// value and its path. Tables' values are copies, so they are put back.
func walk(v reflect.Value, path string, visit func(owner reflect.Value, f field, at reflect.Value, path string)) {
	each(v, path, func(owner reflect.Value, path string) {
		for _, f := range fields(owner.Type()) {
			visit(owner, f, owner.FieldByIndex(f.index), join(path, f.key))
		}
	})
}

// each visits every struct in v, the outer before the inner.
func each(v reflect.Value, path string, visit func(owner reflect.Value, path string)) {
	if v.Kind() == reflect.Pointer {
		if !v.IsNil() {
			each(v.Elem(), path, visit)
		}
		return
	}
	switch shapeOf(v.Type()) {
	case section:
		visit(v, path)
		for _, f := range fields(v.Type()) {
			each(v.FieldByIndex(f.index), join(path, f.key), visit)
		}
	case list:
		for i := range v.Len() {
			each(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case table:
		eachOfTable(v, path, visit)
	default:
	}
}

func eachOfTable(v reflect.Value, path string, visit func(owner reflect.Value, path string)) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		value := reflect.New(v.Type().Elem()).Elem()
		value.Set(v.MapIndex(key))
		each(value, join(path, key.String()), visit)
		v.SetMapIndex(key, value)
	}
}
