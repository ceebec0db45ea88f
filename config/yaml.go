package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Nesting is bounded, in brackets and in columns: the parser's memory grows with
// its square.
const (
	maxDepth  = 32
	maxIndent = 256
)

// yaml reads text into v, which stands at path.
func (l *loader) yaml(v reflect.Value, text []byte, path string) {
	body, err := parse(text)
	switch e := yaml.Error(nil); {
	case errors.As(err, &e) && e.GetToken() != nil:
		l.add(path, e.GetToken().Position.Line, "%s", e.GetMessage())
	case err != nil:
		l.add(path, 0, "%v", err)
	case body != nil:
		l.decode(v, body, path, false)
	}
}

// parse returns the one document's node; nil when there is nothing.
func parse(text []byte) (body ast.Node, err error) {
	defer func() { // the parser is not ours, and the file must not stop a node's other work
		if why := recover(); why != nil {
			body, err = nil, errors.New("the YAML parser gave up on it")
		}
	}()
	tokens := lexer.Tokenize(string(text))
	if err := boundDepth(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, err
	}
	return onlyDocument(file)
}

func onlyDocument(file *ast.File) (ast.Node, error) {
	if len(file.Docs) > 1 {
		return nil, fmt.Errorf("%d documents in one file, want one", len(file.Docs))
	}
	if len(file.Docs) == 0 {
		return nil, nil // an empty file gives nothing
	}
	return file.Docs[0].Body, nil
}

// boundDepth counts what nests: brackets, and entries and keys on one line.
func boundDepth(tokens token.Tokens) error {
	brackets, nested, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, nested = t.Position.Line, t.Position.IndentNum
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			nested++
		default:
		}
		if brackets > maxDepth || nested > maxIndent {
			return fmt.Errorf("line %d: nested too deep", line)
		}
	}
	return nil
}

// decode reads one node into v.
func (l *loader) decode(v reflect.Value, n ast.Node, path string, secret bool) {
	line := n.GetToken().Position.Line
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		l.add(path, line, "YAML anchors, aliases and tags are not taken here; write the value")
		return
	case *ast.NullNode:
		l.null(v, path, line)
		return
	}
	l.set[path] = line
	switch shapeOf(v.Type()) {
	case scalar:
		l.scalar(target(v), n, path, secret)
	case section:
		l.section(l.made(v, path), n, path)
	case list:
		l.list(target(v), n, path, secret)
	case table:
		l.table(target(v), n, path, secret)
	default:
		l.add(path, line, "%s cannot be configured", v.Type())
	}
}

// null: a section whose keys are all comments is there, a key without value is not.
func (l *loader) null(v reflect.Value, path string, line int) {
	if shapeOf(v.Type()) == scalar {
		l.add(path, line, "has no value, want %s", typeName(v.Type()))
	}
}

func (l *loader) section(v reflect.Value, n ast.Node, path string) {
	entries, ok := l.entries(v.Type(), n, path)
	if !ok {
		return
	}
	known := fields(v.Type())
	for _, e := range entries {
		i := slices.IndexFunc(known, func(f field) bool { return f.key == e.key })
		switch {
		case i >= 0:
			l.decode(v.FieldByIndex(known[i].index), e.value, join(path, e.key), known[i].secret)
		case isSecretFile(known, e.key):
			l.secretPath(e, path)
		default:
			l.unknownKey(e, known, path)
		}
	}
}

func (l *loader) unknownKey(e entry, known []field, path string) {
	names := make([]string, 0, len(known))
	for _, f := range known {
		names = append(names, f.key)
	}
	l.add(join(path, e.key), e.line, "unknown key%s", suggestion(e.key, names))
}

func (l *loader) list(v reflect.Value, n ast.Node, path string, secret bool) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		l.wrongType(v.Type(), n, path)
		return
	}
	made := reflect.MakeSlice(v.Type(), len(sequence.Values), len(sequence.Values))
	for i, value := range sequence.Values {
		l.element(made.Index(i), value, fmt.Sprintf("%s[%d]", path, i), secret)
	}
	v.Set(made)
}

func (l *loader) table(v reflect.Value, n ast.Node, path string, secret bool) {
	entries, ok := l.entries(v.Type(), n, path)
	if !ok {
		return
	}
	made := reflect.MakeMapWithSize(v.Type(), len(entries))
	for _, e := range entries {
		value := reflect.New(v.Type().Elem()).Elem()
		l.element(value, e.value, join(path, e.key), secret)
		made.SetMapIndex(reflect.ValueOf(e.key).Convert(v.Type().Key()), value)
	}
	v.Set(made)
}

// element is one entry of a list or table; a struct starts from its defaults.
func (l *loader) element(v reflect.Value, n ast.Node, path string, secret bool) {
	if v.Kind() == reflect.Struct && shapeOf(v.Type()) == section {
		l.defaults(v, path)
	}
	if _, null := n.(*ast.NullNode); null {
		l.add(path, n.GetToken().Position.Line, "has no value, want %s", typeName(v.Type()))
		return
	}
	l.decode(v, n, path, secret)
}

// entry is one key of a mapping.
type entry struct {
	key   string
	line  int
	value ast.Node
}

func (l *loader) entries(t reflect.Type, n ast.Node, path string) ([]entry, bool) {
	mapping, ok := n.(ast.MapNode)
	if !ok {
		l.wrongType(t, n, path)
		return nil, false
	}
	var all []entry
	for each := mapping.MapRange(); each.Next(); {
		key := each.Key()
		line := key.GetToken().Position.Line
		if name, ok := plain(key); ok {
			all = append(all, entry{key: name, line: line, value: each.Value()})
			continue
		}
		l.add(path, line, "want a word as key")
	}
	return all, true
}

// plain is a scalar's text as written, without its quotes.
func plain(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	default:
		return "", false
	}
}

// scalar: text takes numbers as they are written (an account may be 1001),
// numbers and booleans take no text.
func (l *loader) scalar(v reflect.Value, n ast.Node, path string, secret bool) {
	text, ok := plain(n)
	if b, isBool := n.(*ast.BoolNode); isBool {
		text, ok = b.GetToken().Value, v.Kind() == reflect.Bool && !isText(v.Type())
	} else if number(v) && quoted(n) {
		ok = false
	}
	if !ok {
		l.wrongType(v.Type(), n, path)
		return
	}
	if err := setText(v, text); err != nil {
		l.add(path, n.GetToken().Position.Line, "%v%s", err, got(text, secret))
	}
}

// number says that v is written without quotes.
func number(v reflect.Value) bool {
	return !isText(v.Type()) && v.Kind() != reflect.String
}

func quoted(n ast.Node) bool {
	_, isText := n.(*ast.StringNode)
	_, isLiteral := n.(*ast.LiteralNode)
	return isText || isLiteral
}

func (l *loader) wrongType(t reflect.Type, n ast.Node, path string) {
	l.add(path, n.GetToken().Position.Line, "want %s, got %s", typeName(t), nodeName(n))
}

func nodeName(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a section"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	default:
		return "text"
	}
}

// got quotes what was there, unless nobody may see it.
func got(text string, secret bool) string {
	const longest = 60
	switch {
	case secret:
		return ""
	case len(text) > longest:
		return fmt.Sprintf(", got %q…", text[:longest])
	default:
		return fmt.Sprintf(", got %q", text)
	}
}
