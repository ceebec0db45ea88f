package config

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
)

// maxFile bounds what is parsed, in bytes: the parser takes time with the square
// of the number of keys.
const maxFile = 256 << 10

// Options says where a configuration comes from.
type Options struct {
	File string   // YAML; "" for Text, defaults and environment only
	Text []byte   // YAML that came with the binary; ignored when there is a File
	Env  []string // as from os.Environ; HOTLINE_… are taken, all else ignored
}

// Load makes a T, which must be a struct: defaults first, then the file, then
// the environment, then files that hold secrets, then every Validate. Any
// problem is an error of type Problems with all of them; values of secrets
// are in none. It reads files and blocks for nothing else.
func Load[T any](o Options) (T, error) {
	var made T
	l := &loader{set: map[string]int{}, files: map[string]secretFile{}}
	l.load(reflect.ValueOf(&made).Elem(), o)
	if len(l.problems) > 0 {
		var zero T
		return zero, l.problems.tidy()
	}
	return made, nil
}

// loader gathers while one configuration is loaded.
type loader struct {
	problems Problems
	set      map[string]int        // given paths and their lines; 0 from the environment
	files    map[string]secretFile // by the path of the secret
}

func (l *loader) load(v reflect.Value, o Options) {
	if v.Kind() != reflect.Struct {
		l.add("", 0, "%s cannot be configured, a struct can", v.Type())
		return
	}
	l.defaults(v, "")
	switch {
	case o.File != "":
		l.file(v, o.File)
	case len(o.Text) > 0:
		l.yaml(v, o.Text, "")
	}
	l.environment(v, o.Env)
	l.readSecrets(v)
	l.required(v)
	l.validate(v)
}

func (l *loader) file(v reflect.Value, name string) {
	text, err := readFile(name)
	if err != nil {
		l.add("", 0, "%v", err)
		return
	}
	l.yaml(v, text, "")
}

func readFile(name string) (text []byte, err error) {
	f, err := os.Open(name) //nolint:gosec // G304: the operator names the node's configuration
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readAll(f, maxFile)
}

// readAll reads a regular file of at most limit bytes.
func readAll(f fs.File, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", info.Name())
	}
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s is over %d bytes", info.Name(), limit)
	}
	return text, err
}

func (l *loader) add(path string, line int, format string, args ...any) {
	l.problems = append(l.problems, Problem{Path: path, Line: line, Text: fmt.Sprintf(format, args...)})
}
