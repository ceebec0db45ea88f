package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// widest is the most a secret's file may allow; maxSecret its size in bytes.
const (
	widest    fs.FileMode = 0o640
	maxSecret             = 64 << 10
)

// secretFile is a KEY_file somebody gave.
type secretFile struct {
	name string
	key  string // what to blame: the key's path, or the variable
	line int
}

// isSecretFile says that key is KEY_file of a secret KEY.
func isSecretFile(known []field, key string) bool {
	return slices.ContainsFunc(known, func(f field) bool { return f.secret && f.key+fileSuffix == key })
}

func (l *loader) secretPath(e entry, path string) {
	at := join(path, e.key)
	s, ok := e.value.(*ast.StringNode)
	if !ok || s.Value == "" {
		l.add(at, e.line, "want the path of a file")
		return
	}
	l.files[strings.TrimSuffix(at, fileSuffix)] = secretFile{name: s.Value, key: at, line: e.line}
}

// readSecrets fills the secrets whose files were given, wherever they stand.
func (l *loader) readSecrets(v reflect.Value) {
	walk(v, "", func(_ reflect.Value, f field, at reflect.Value, path string) {
		from, given := l.files[path]
		if !given {
			return
		}
		if _, both := l.set[path]; both {
			l.add(from.key, from.line, "%s is given as well, want one of the two", f.key)
			return
		}
		l.set[path] = from.line
		if err := setFromFile(at, from.name); err != nil {
			l.add(from.key, from.line, "%v", err)
		}
	})
}

func setFromFile(v reflect.Value, name string) error {
	text, err := readSecret(name)
	if err != nil {
		return err
	}
	return setText(v, strings.TrimSpace(string(text)))
}

// readSecret looks at the open file, so that nobody swaps it in between.
func readSecret(name string) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // G304: the operator's configuration names the secret's file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&^widest != 0 {
		return nil, fmt.Errorf("%s has mode %04o, want %04o or less", name, mode, widest)
	}
	text, err := readAll(f, maxSecret)
	if err == nil && len(text) == 0 {
		err = errors.New(name + " is empty")
	}
	return text, err
}
