package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

const prefix = "HOTLINE_"

// variable is where one variable goes. Sections may lie behind pointers, so
// the way is walked when it is needed.
type variable struct {
	way    []field
	path   string
	secret bool
	file   bool // it names a file
}

// environment overrides from HOTLINE_<SECTION>_<KEY>.
func (l *loader) environment(v reflect.Value, env []string) {
	known := map[string]variable{}
	l.variables(v.Type(), nil, known)
	for _, pair := range slices.Sorted(slices.Values(env)) {
		name, text, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if to, ok := known[name]; ok {
			l.override(v, to, name, text)
			continue
		}
		l.add(name, 0, "unknown variable%s", suggestion(name, slices.Sorted(maps.Keys(known))))
	}
}

// variables names every key below t that one variable can hold.
func (l *loader) variables(t reflect.Type, way []field, known map[string]variable) {
	for _, f := range fields(t) {
		here := append(slices.Clone(way), f)
		if shapeOf(f.typ) == section {
			l.variables(pointedAt(f.typ), here, known)
			continue
		}
		l.name(variable{way: here, path: pathOf(here), secret: f.secret}, known)
		if f.secret {
			l.name(variable{way: here, path: pathOf(here), file: true}, known)
		}
	}
}

func (l *loader) name(to variable, known map[string]variable) {
	name := variableName(to.path)
	if to.file {
		name += strings.ToUpper(fileSuffix)
	}
	if other, taken := known[name]; taken {
		l.add(name, 0, "names both %s and %s", other.path, to.path)
	}
	known[name] = to
}

func variableName(path string) string {
	return prefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(path))
}

func pointedAt(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func pathOf(way []field) string {
	path := ""
	for _, f := range way {
		path = join(path, f.key)
	}
	return path
}

// override: what the environment gives takes the place of what the file gave,
// of its KEY_file too.
func (l *loader) override(v reflect.Value, to variable, name, text string) {
	at := l.reach(v, to.way)
	if to.file {
		if l.set[to.path] > 0 {
			delete(l.set, to.path)
		}
		l.files[to.path] = secretFile{name: text, key: name}
		return
	}
	l.forget(to.path)
	if deep(at.Type()) {
		l.yamlVariable(at, to, name, text)
	} else if err := setWords(at, text); err != nil {
		l.add(to.path, 0, "%s: %v%s", name, err, got(text, to.secret))
	}
	l.set[to.path] = 0
}

// forget drops what the file said about path.
func (l *loader) forget(path string) {
	for given := range l.set {
		if inside(given, path) {
			delete(l.set, given)
		}
	}
	for given, from := range l.files {
		if inside(given, path) && from.line > 0 {
			delete(l.files, given)
		}
	}
}

// yamlVariable reads YAML, whose lines are none of the file's.
func (l *loader) yamlVariable(at reflect.Value, to variable, name, text string) {
	before := len(l.problems)
	l.yaml(at, []byte(text), to.path)
	for i := range l.problems[before:] {
		p := &l.problems[before+i]
		p.Line, p.Text = 0, name+": "+p.Text
	}
	for given := range l.set {
		if inside(given, to.path) {
			l.set[given] = 0
		}
	}
	for given, from := range l.files {
		if inside(given, to.path) {
			from.line = 0
			l.files[given] = from
		}
	}
}

// deep says that a line of words cannot hold it: the variable is YAML then.
func deep(t reflect.Type) bool {
	t = pointedAt(t)
	switch shapeOf(t) {
	case table:
		return true
	case list:
		return shapeOf(t.Elem()) != scalar
	default:
		return false
	}
}

// reach walks to the field, and makes the sections on the way.
func (l *loader) reach(v reflect.Value, way []field) reflect.Value {
	for i, f := range way {
		v = v.FieldByIndex(f.index)
		if i < len(way)-1 {
			v = l.made(v, pathOf(way[:i+1]))
		}
	}
	return v
}
