package config

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// setText reads text into a scalar. The error tells what was wanted, and never
// what was there.
func setText(v reflect.Value, text string) error {
	v = target(v)
	if v.Type() == reflect.TypeFor[time.Duration]() {
		return setDuration(v, text)
	}
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		return setUnmarshaler(u, v.Type(), text)
	}
	return setPlain(v, text)
}

func setDuration(v reflect.Value, text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("want a duration such as 20ms, 5s or 2h")
	}
	v.SetInt(int64(d))
	return nil
}

// setUnmarshaler tells the rule for the types we know; others know best themselves.
func setUnmarshaler(u encoding.TextUnmarshaler, t reflect.Type, text string) error {
	err := u.UnmarshalText([]byte(text))
	_, ours := textTypes()[t]
	if err != nil && ours {
		return fmt.Errorf("want %s", typeName(t))
	}
	return err
}

func textTypes() map[reflect.Type]string {
	return map[reflect.Type]string{
		reflect.TypeFor[Secret]():         "a secret",
		reflect.TypeFor[netip.Addr]():     "an IP address",
		reflect.TypeFor[netip.AddrPort](): "an IP address and port such as 127.0.0.1:5060",
		reflect.TypeFor[netip.Prefix]():   "a network such as 10.0.0.0/8",
		reflect.TypeFor[time.Duration]():  "a duration such as 20ms, 5s or 2h",
	}
}

func setPlain(v reflect.Value, text string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Bool:
		if text == "true" || text == "false" {
			v.SetBool(text == "true")
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n, err := strconv.ParseInt(text, 10, v.Type().Bits()); err == nil {
			v.SetInt(n)
			return nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n, err := strconv.ParseUint(text, 10, v.Type().Bits()); err == nil {
			v.SetUint(n)
			return nil
		}
	case reflect.Float32, reflect.Float64:
		if n, err := strconv.ParseFloat(text, v.Type().Bits()); err == nil {
			v.SetFloat(n)
			return nil
		}
	default:
		return fmt.Errorf("%s cannot be configured", v.Type())
	}
	return fmt.Errorf("want %s", typeName(v.Type()))
}

// typeName is the type in the operator's words, after "want".
func typeName(t reflect.Type) string {
	if name, ok := textTypes()[t]; ok {
		return name
	}
	if isText(t) {
		return "a " + strings.ToLower(t.Name())
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return wholeNumber(-1<<(t.Bits()-1), 1<<(t.Bits()-1)-1, t.Bits())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return wholeNumber(0, 1<<min(t.Bits(), 63)-1, t.Bits())
	default:
		return map[shape]string{section: "a section", list: "a list", table: "a table", scalar: "text"}[shapeOf(t)]
	}
}

func wholeNumber(from, to int64, bits int) string {
	if bits > 32 {
		if from == 0 {
			return "a whole number from 0"
		}
		return "a whole number"
	}
	return fmt.Sprintf("a whole number from %d to %d", from, to)
}
