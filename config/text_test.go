package config_test

import (
	"strings"
	"testing"

	"hotline/config"
)

func TestTextStandsInForAFile(t *testing.T) {
	t.Parallel()
	type settings struct {
		Name string `yaml:"name" default:"none"`
	}
	got, err := config.Load[settings](config.Options{Text: []byte("name: demo")})
	if err != nil || got.Name != "demo" {
		t.Errorf("got %q, %v", got.Name, err)
	}
	_, err = config.Load[settings](config.Options{Text: []byte("nane: demo")})
	if err == nil || !strings.Contains(err.Error(), "nane") {
		t.Errorf("error %v does not name the unknown key", err)
	}
}
