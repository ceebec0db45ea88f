package database

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// Time is stored as BIGINT: milliseconds since 1970 in UTC. The zero time is
// NULL. What is finer than a millisecond is cut off.
type Time struct{ time.Time }

// At wraps t as it will come back: UTC, whole milliseconds.
func At(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	return Time{time.UnixMilli(t.UnixMilli()).UTC()}
}

// Value is what the column stores.
func (t Time) Value() (driver.Value, error) {
	if t.IsZero() {
		return nil, nil // NULL
	}
	return t.UnixMilli(), nil
}

// Scan reads the column.
func (t *Time) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = Time{}
	case int64:
		*t = Time{time.UnixMilli(v).UTC()}
	default:
		return fmt.Errorf("time: column holds %T, want milliseconds", src)
	}
	return nil
}

// JSON stores V as TEXT. A V that cannot be written as JSON fails the statement.
type JSON[T any] struct{ V T }

// AsJSON wraps v for an argument or, by pointer, for Scan.
func AsJSON[T any](v T) JSON[T] { return JSON[T]{V: v} }

// Value is what the column stores.
func (j JSON[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(j.V)
	if err != nil {
		return nil, fmt.Errorf("json: write: %w", err)
	}
	return string(b), nil
}

// Scan reads the column; NULL is the zero V.
func (j *JSON[T]) Scan(src any) error {
	var v T
	var err error
	switch text := src.(type) {
	case nil:
	case string:
		err = json.Unmarshal([]byte(text), &v)
	case []byte:
		err = json.Unmarshal(text, &v)
	default:
		return fmt.Errorf("json: column holds %T, want text", src)
	}
	if err != nil {
		return fmt.Errorf("json: read: %w", err)
	}
	j.V = v
	return nil
}
