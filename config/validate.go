package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// required finds what must be given and is not.
func (l *loader) required(v reflect.Value) {
	walk(v, "", func(_ reflect.Value, f field, _ reflect.Value, path string) {
		if _, given := l.set[path]; f.required && !given {
			l.add(path, l.line(path), "is missing, want %s", typeName(f.typ))
		}
	})
}

// validate asks every struct that has a Validate, and keeps what it says of
// fields that could be read. Nobody is asked when the file as a whole could not.
func (l *loader) validate(v reflect.Value) {
	known := slices.Clone(l.problems)
	if known.at("") {
		return
	}
	each(v, "", func(owner reflect.Value, path string) {
		judge, ok := reflect.TypeAssert[interface{ Validate() error }](owner.Addr())
		if !ok {
			return
		}
		for _, err := range split(judge.Validate()) {
			if at, text := named(path, err.Error()); !known.at(at) {
				l.add(at, l.line(at), "%s", text)
			}
		}
	})
}

// at says that there is a problem at path, in what it holds or lies in.
func (ps Problems) at(path string) bool {
	return slices.ContainsFunc(ps, func(p Problem) bool {
		return p.Path == path || path != "" && p.Path != "" && (inside(p.Path, path) || inside(path, p.Path))
	})
}

// inside says that inner is outer, or lies in it.
func inside(inner, outer string) bool {
	rest, ok := strings.CutPrefix(inner, outer)
	return ok && (outer == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}

// split takes errors.Join apart.
func split(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error }) // the outermost only: an error that wraps two is one problem
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, split(e)...)
	}
	return all
}

// named splits "field[1].key: text" into the field's path and the text.
func named(path, text string) (string, string) {
	field := regexp.MustCompile(`^([a-z][a-z0-9_]*(?:\[[^\]]*\]|\.[A-Za-z0-9_-]+)*): (.*)$`)
	if m := field.FindStringSubmatch(text); m != nil {
		return join(path, m[1]), m[2]
	}
	return path, text
}

// line finds where path, or what it stands in, was written; 0 when nowhere.
func (l *loader) line(path string) int {
	for path != "" {
		if line, ok := l.set[path]; ok {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}
