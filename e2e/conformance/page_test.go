package main

import (
	"strings"
	"testing"
)

const wrote = `{"peer":"SIPp","clause":"RFC 3261 §13.2.2.4","what":"forked","test":"TestB"}
{"peer":"SIPp","clause":"RFC 3261 §9.1","what":"cancel | late","test":"TestA"}
{"peer":"SIPp","clause":"RFC 3261 §9.1","what":"cancel | late","test":"TestA"}
{"peer":"Chromium","clause":"JSEP","what":"offers","test":"TestC/x"}
`

func TestRender(t *testing.T) {
	t.Parallel()
	all, err := read(strings.NewReader(wrote))
	if err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(render(all), "md).\n")
	want := `
## Chromium

| clause | what was tried, and had to come of it | test |
|---|---|---|
` + "| JSEP | offers | `TestC/x` |" + `

## SIPp

| clause | what was tried, and had to come of it | test |
|---|---|---|
` + "| RFC 3261 §9.1 | cancel \\| late | `TestA` |\n| RFC 3261 §13.2.2.4 | forked | `TestB` |\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReadNamesABadLine(t *testing.T) {
	t.Parallel()
	if _, err := read(strings.NewReader("{}\nnonsense\n")); err == nil || !strings.Contains(err.Error(), "trial") {
		t.Errorf("got %v, want an error that speaks of a trial", err)
	}
}

func TestCompareShowsWhatDiffers(t *testing.T) {
	t.Parallel()
	if err := compare("a\nb\n", "a\nb\n"); err != nil {
		t.Error(err)
	}
	err := compare("a\nb\n", "a\nc\n")
	if err == nil || !strings.Contains(err.Error(), "+ c") || !strings.Contains(err.Error(), "- b") {
		t.Errorf("got %v, want both lines named", err)
	}
}
