package routing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of an expression: what is longer was not meant.
const (
	longestExpression = 500
	deepestExpression = 10
)

// expression is what a policy's text says: comparisons under "and" and "or".
// Exactly one of the two fields is set.
type expression struct {
	compare *comparison
	junction
}

// junction joins two or more expressions.
type junction struct {
	word string // "and" or "or"
	of   []expression
}

// comparison is "name", "name >= 2", or "function(name) > 5m".
type comparison struct {
	at       int    // column, from 1
	function string // empty for a plain name
	name     string // empty in free()
	operator string // empty when nothing is compared
	number   int
	duration time.Duration
	timed    bool // the value is a duration
}

// parseExpression reads:
//
//	expression = term { "or" term }
//	term       = factor { "and" factor }
//	factor     = "(" expression ")" | operand [ operator value ]
//	operand    = name | name "(" [ name ] ")"
//	operator   = ">" | ">=" | "<" | "<=" | "==" | "!="
//	value      = whole number | duration
//
// Its errors tell the column, from 1.
func parseExpression(text string) (expression, error) {
	if len(text) > longestExpression {
		return expression{}, fmt.Errorf("is over %d bytes", longestExpression)
	}
	words, err := scan(text)
	if err != nil {
		return expression{}, err
	}
	p := &parser{words: words}
	e, err := p.either(0)
	if err == nil && p.next().kind != theEnd {
		err = p.want("the end, and, or or")
	}
	return e, err
}

type parser struct {
	words []word
	read  int
}

func (p *parser) next() word { return p.words[p.read] }

// take reads the next word when it is text.
func (p *parser) take(text string) bool {
	if w := p.next(); w.text != text || w.kind == theEnd {
		return false
	}
	p.read++
	return true
}

func (p *parser) want(what string) error {
	w := p.next()
	if w.kind == theEnd {
		return fmt.Errorf("column %d: want %s, got the end", w.at, what)
	}
	return fmt.Errorf("column %d: want %s, got %q", w.at, what, w.text)
}

func (p *parser) either(depth int) (expression, error) {
	return p.joined("or", func() (expression, error) { return p.both(depth) })
}

func (p *parser) both(depth int) (expression, error) {
	return p.joined("and", func() (expression, error) { return p.factor(depth) })
}

func (p *parser) joined(by string, part func() (expression, error)) (expression, error) {
	first, err := part()
	if err != nil {
		return expression{}, err
	}
	all := []expression{first}
	for p.take(by) {
		more, err := part()
		if err != nil {
			return expression{}, err
		}
		all = append(all, more)
	}
	if len(all) == 1 {
		return first, nil
	}
	return expression{junction: junction{word: by, of: all}}, nil
}

func (p *parser) factor(depth int) (expression, error) {
	if !p.take("(") {
		c, err := p.comparison()
		return expression{compare: &c}, err
	}
	if depth++; depth > deepestExpression {
		return expression{}, fmt.Errorf("column %d: more than %d parentheses", p.next().at, deepestExpression)
	}
	e, err := p.either(depth)
	if err == nil && !p.take(")") {
		err = p.want("a closing parenthesis")
	}
	return e, err
}

func (p *parser) comparison() (c comparison, err error) {
	if c, err = p.operand(); err != nil {
		return c, err
	}
	if p.next().kind != anOperator {
		return c, nil
	}
	c.operator = p.next().text
	p.read++
	return c, p.value(&c)
}

func (p *parser) operand() (comparison, error) {
	c := comparison{at: p.next().at}
	if w := p.next(); w.kind != aName || w.text == "and" || w.text == "or" {
		return c, p.want("a name")
	}
	c.name = p.next().text
	p.read++
	if !p.take("(") {
		return c, nil
	}
	c.function, c.name = c.name, ""
	if p.next().kind == aName {
		c.name = p.next().text
		p.read++
	}
	if !p.take(")") {
		return c, p.want("a closing parenthesis")
	}
	return c, nil
}

func (p *parser) value(c *comparison) (err error) {
	w := p.next()
	if w.kind != aValue {
		return p.want("a number or a duration")
	}
	p.read++
	if c.number, err = strconv.Atoi(w.text); err == nil {
		return nil
	}
	if c.duration, err = time.ParseDuration(w.text); err != nil {
		return fmt.Errorf("column %d: %q is neither a whole number nor a duration such as 5m", w.at, w.text)
	}
	c.timed = true
	return nil
}

// wordKind says what a word can be.
type wordKind uint8

const (
	theEnd wordKind = iota
	aName
	aValue
	anOperator
	aParenthesis
)

// word is one word of an expression.
type word struct {
	kind wordKind
	text string
	at   int // column, from 1
}

// scan splits the text into words; the last is the end.
func scan(text string) ([]word, error) {
	var all []word
	for at := 0; at < len(text); {
		w := word{at: at + 1}
		switch c := text[at]; {
		case c == ' ' || c == '\t':
			at++
			continue
		case c == '(' || c == ')':
			w.kind, w.text = aParenthesis, text[at:at+1]
		case strings.IndexByte("<>=!", c) >= 0:
			w.kind, w.text = anOperator, run(text[at:], "<>=!")
		case strings.IndexByte(digits, c) >= 0:
			w.kind, w.text = aValue, run(text[at:], lower+digits+".")
		case strings.IndexByte(lower, c) >= 0:
			w.kind, w.text = aName, run(text[at:], lower+digits+"_-")
		default:
			return nil, fmt.Errorf("column %d: %q has no meaning here", at+1, text[at:at+1])
		}
		if w.kind == anOperator && !slices.Contains([]string{">", ">=", "<", "<=", "==", "!="}, w.text) {
			return nil, fmt.Errorf("column %d: %q is no comparison: >, >=, <, <=, == or !=", w.at, w.text)
		}
		at += len(w.text)
		all = append(all, w)
	}
	return append(all, word{kind: theEnd, at: len(text) + 1}), nil
}

// run is how far the text consists of characters of the set.
func run(text, set string) string {
	rest := strings.TrimLeft(text, set)
	return text[:len(text)-len(rest)]
}
