package tickets

import (
	"bytes"
	"encoding/json"
)

// tree reads any JSON; numbers keep their digits.
func tree(b []byte) (any, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err
}

func treeOf(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return tree(b)
}

// without returns what whole holds and known does not: objects by key, lists
// by place. Nil when that is nothing.
func without(whole, known any) any {
	switch w := whole.(type) {
	case map[string]any:
		if k, ok := known.(map[string]any); ok {
			return objectWithout(w, k)
		}
	case []any:
		if k, ok := known.([]any); ok && len(k) == len(w) {
			return listWithout(w, k)
		}
	}
	return nil
}

func objectWithout(whole, known map[string]any) any {
	rest := map[string]any{}
	for key, w := range whole {
		k, ok := known[key]
		if !ok {
			rest[key] = w
		} else if r := without(w, k); r != nil {
			rest[key] = r
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return rest
}

func listWithout(whole, known []any) any {
	rest, some := make([]any, len(whole)), false
	for i := range whole {
		rest[i] = without(whole[i], known[i])
		some = some || rest[i] != nil
	}
	if !some {
		return nil
	}
	return rest
}

// with puts rest back beside known; what is known wins.
func with(known, rest any) any {
	switch k := known.(type) {
	case map[string]any:
		r, _ := rest.(map[string]any)
		for key, v := range r {
			if old, ok := k[key]; ok {
				v = with(old, v)
			}
			k[key] = v
		}
	case []any:
		r, _ := rest.([]any)
		for i := range min(len(k), len(r)) {
			k[i] = with(k[i], r[i])
		}
	}
	return known
}
