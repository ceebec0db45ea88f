package config

import (
	"encoding"
	"reflect"
	"strings"
	"time"
)

// fileSuffix makes the key that names a file with the secret.
const fileSuffix = "_file"

// field is one key of a struct.
type field struct {
	key      string
	index    []int
	typ      reflect.Type
	def, doc string
	required bool
	secret   bool
}

// fields lists the keys of struct t in order, those of inline structs among them.
func fields(t reflect.Type) []field {
	var all []field
	for f := range t.Fields() {
		name, rest, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() && !f.Anonymous || name == "-":
		case rest == "inline":
			all = append(all, lifted(f)...)
		default:
			all = append(all, keyed(f, name))
		}
	}
	return all
}

func lifted(f reflect.StructField) []field {
	inner := fields(f.Type)
	for i := range inner {
		inner[i].index = append(append([]int{}, f.Index...), inner[i].index...)
	}
	return inner
}

func keyed(f reflect.StructField, name string) field {
	if name == "" {
		name = strings.ToLower(f.Name)
	}
	return field{
		key: name, index: f.Index, typ: f.Type,
		def: f.Tag.Get("default"), doc: f.Tag.Get("doc"),
		required: f.Tag.Get("required") == "true",
		secret:   f.Tag.Get("secret") == "true" || f.Type == reflect.TypeFor[Secret](),
	}
}

// shape is how a value is written.
type shape uint8

const (
	scalar shape = iota
	section
	list
	table
	unknown
)

// shapeOf looks through pointers.
func shapeOf(t reflect.Type) shape {
	if isText(t) {
		return scalar
	}
	switch t.Kind() {
	case reflect.Pointer:
		return shapeOf(t.Elem())
	case reflect.Struct:
		return section
	case reflect.Slice:
		return list
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			return table
		}
		return unknown
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return scalar
	default:
		return unknown
	}
}

// isText says that the type is read from text by its own rules.
func isText(t reflect.Type) bool {
	return t == reflect.TypeFor[time.Duration]() ||
		reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// target follows pointers, and makes what they lack.
func target(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	return v
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
