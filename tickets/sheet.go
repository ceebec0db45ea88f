package tickets

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// LoadError is one fault of a directory's files. Line and Column (in
// bytes, as editors' "go to" counts them) begin with 1 and are 0 when the fault
// concerns the whole file.
type LoadError struct {
	File         string
	Line, Column int
	Problem      string
}

func (e *LoadError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("directory: %s: %s", e.File, e.Problem)
	}
	return fmt.Sprintf("directory: %s:%d:%d: %s", e.File, e.Line, e.Column, e.Problem)
}

// sheet is one CSV file: RFC 4180, UTF-8, a header row of known columns.
type sheet struct {
	name string
	rows []row
}

type row struct {
	sheet string
	cells map[string]cell
}

type cell struct {
	text         string
	line, column int
}

func (r row) get(column string) string { return r.cells[column].text }

func (r row) wrong(column, problem string, args ...any) error {
	c := r.cells[column]
	return &LoadError{File: r.sheet, Line: c.line, Column: c.column, Problem: column + ": " + fmt.Sprintf(problem, args...)}
}

// readSheet wants exactly these columns, in any order.
func readSheet(name string, data []byte, columns []string) (sheet, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return sheet{}, &LoadError{File: name, Problem: "is not UTF-8"}
	}
	r := csv.NewReader(bytes.NewReader(data))
	header, err := r.Read()
	if err != nil {
		return sheet{}, csvError(name, err)
	}
	if err := checkHeader(name, header, columns); err != nil {
		return sheet{}, err
	}
	s := sheet{name: name}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return sheet{}, csvError(name, err)
		}
		s.rows = append(s.rows, place(name, header, record, r))
	}
}

func place(name string, header, record []string, r *csv.Reader) row {
	cells := make(map[string]cell, len(header))
	for i, column := range header {
		line, at := r.FieldPos(i)
		cells[column] = cell{text: record[i], line: line, column: at}
	}
	return row{sheet: name, cells: cells}
}

func checkHeader(name string, header, columns []string) error {
	for i, column := range header {
		if !slices.Contains(columns, column) {
			return &LoadError{File: name, Line: 1, Column: i + 1, Problem: fmt.Sprintf("column %.40q is not known", column)}
		}
		if slices.Index(header, column) != i {
			return &LoadError{File: name, Line: 1, Column: i + 1, Problem: fmt.Sprintf("column %q stands twice", column)}
		}
	}
	for _, column := range columns {
		if !slices.Contains(header, column) {
			return &LoadError{File: name, Line: 1, Column: 1, Problem: fmt.Sprintf("column %q is missing", column)}
		}
	}
	return nil
}

func csvError(name string, err error) error {
	if errors.Is(err, io.EOF) {
		return &LoadError{File: name, Problem: "is empty"}
	}
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return &LoadError{File: name, Line: p.Line, Column: p.Column, Problem: p.Err.Error()}
	}
	return &LoadError{File: name, Problem: err.Error()}
}
