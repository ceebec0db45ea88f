package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Reference is the Markdown page of v's struct: a table for each section, with
// key, type, default, variable and meaning. Generated pages are compared with
// the committed ones in a test.
func Reference(v any) string {
	t := pointedAt(reflect.TypeOf(v))
	var r reference
	r.section(t, "", true)
	return r.b.String()
}

type reference struct{ b strings.Builder }

// section writes the plain keys first, then what lies below.
func (r *reference) section(t reflect.Type, path string, variables bool) {
	var inner []field
	var rows []string
	for _, f := range fields(t) {
		if below(f.typ) != nil {
			inner = append(inner, f)
		}
		if shapeOf(f.typ) != section {
			rows = append(rows, row(f, join(path, f.key), variables))
		}
	}
	r.table(path, rows)
	for _, f := range inner {
		key := join(path, f.key) + mark(f.typ)
		r.section(below(f.typ), key, variables && shapeOf(f.typ) == section)
	}
}

func (r *reference) table(path string, rows []string) {
	if len(rows) == 0 {
		return
	}
	if path != "" {
		fmt.Fprintf(&r.b, "## %s\n\n", path)
	}
	r.b.WriteString("| key | type | default | variable | meaning |\n| --- | --- | --- | --- | --- |\n")
	r.b.WriteString(strings.Join(rows, "") + "\n")
}

func row(f field, path string, variables bool) string {
	name := ""
	if variables {
		name = "`" + variableName(path) + "`"
	}
	cells := []string{"`" + path + "`", kind(f), quote(f.def), name, f.doc}
	if f.secret {
		cells[4] = strings.TrimSpace(f.doc + " Or `" + path + fileSuffix + "`: a file that holds it.")
	}
	for i := range cells {
		cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
	}
	return "| " + strings.TrimSpace(strings.Join(cells, " | ")) + " |\n"
}

func kind(f field) string {
	word := word(f.typ)
	if f.required {
		word += ", required"
	}
	return word
}

// word is the type without its article.
func word(t reflect.Type) string {
	t = pointedAt(t)
	switch shapeOf(t) {
	case list:
		return "list of " + word(t.Elem())
	case table:
		return "table of " + word(t.Elem())
	default:
		name, _, _ := strings.Cut(typeName(t), " such as")
		return strings.TrimPrefix(strings.TrimPrefix(name, "an "), "a ")
	}
}

func quote(def string) string {
	if def == "" {
		return ""
	}
	return "`" + def + "`"
}

// below is the struct whose keys lie under a key of type t; nil if none do.
func below(t reflect.Type) reflect.Type {
	t = pointedAt(t)
	switch shapeOf(t) {
	case section:
		return t
	case list, table:
		return below(t.Elem())
	default:
		return nil
	}
}

// mark is how the path goes on into a list or table.
func mark(t reflect.Type) string {
	t = pointedAt(t)
	switch shapeOf(t) {
	case list:
		return "[]" + mark(t.Elem())
	case table:
		return ".NAME" + mark(t.Elem())
	default:
		return ""
	}
}
