package config_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotline/config"
)

func TestReference(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	got := config.Reference(city{})
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("testdata/reference.md: -want +got\n%s", d)
	}
	if config.Reference(&city{}) != got {
		t.Error("a pointer has another reference")
	}
}
