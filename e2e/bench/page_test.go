package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const emptyPage = "# Speed\n\nbefore\n<!-- bench: figures -->\n<!-- bench: end -->\nafter\n"

func TestReplaceBlock(t *testing.T) {
	t.Parallel()
	first, err := replaceBlock([]byte(emptyPage), []figure{
		{"one", 0.5, "cores", peer, 1, true}, {name: "two", ours: 2, unit: "ms"},
	}, "Here and now.")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# Speed\n\nbefore\n<!-- bench: figures -->\nHere and now.\n", "| `one` | 0.500 | peer 1 | 0.50 |  | cores |\n| `two` | 2 |", "<!-- bench: end -->\nafter\n"} {
		if !strings.Contains(string(first), want) {
			t.Errorf("no %q in\n%s", want, first)
		}
	}

	second, err := replaceBlock(first, []figure{{name: "three", ours: 3}, {name: "one", ours: 7}}, "Later.")
	if err != nil {
		t.Fatal(err)
	}
	text := string(second)
	one, two, three := strings.Index(text, "| `one` | 7 |"), strings.Index(text, "| `two` | 2 |"), strings.Index(text, "| `three` | 3 |")
	if one < 0 || two < one || three < two {
		t.Errorf("rows in the wrong order or lost:\n%s", text)
	}
	if strings.Contains(text, "Here and now") || strings.Count(text, "| figure |") != 1 {
		t.Errorf("the old block is still there:\n%s", text)
	}
	again, err := replaceBlock(second, nil, "Later.")
	if err != nil || string(again) != text {
		t.Errorf("nothing new, but the page changed:\n%s", again)
	}
}

func TestReplaceBlockWantsABlock(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"none": "# Speed\n", "no end": blockBegin + "\n", "upside down": blockEnd + "\n" + blockBegin + "\n",
	} {
		if _, err := replaceBlock([]byte(page), nil, ""); !errors.Is(err, errNoBlock) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.md")
	if err := refresh(path, nil, ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %v", err)
	}
	if err := os.WriteFile(path, []byte(emptyPage), 0o600); err != nil {
		t.Fatal(err)
	}
	l := lab{options: options{rounds: 3}}
	if err := refresh(path, []figure{{name: "one"}}, l.about()); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(page), "| `one` |") || !strings.Contains(string(page), "Linux ") {
		t.Errorf("%v\n%s", err, page)
	}
}
