package tickets

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// DirectoryFormat names the format of the files (docs/ticket.md).
const DirectoryFormat = "delegation-directory/1"

//go:embed sample/*.json sample/*.csv
var sample embed.FS

// SampleDirectory is a small invented city, for demonstration and tests. Its
// division codes begin with 99, which no real place has.
func SampleDirectory() (*Directory, error) {
	folder, err := fs.Sub(sample, "sample")
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	return LoadDirectory(folder)
}

// manifest is manifest.json.
type manifest struct {
	Format      string            `json:"format"`
	Version     string            `json:"version"`
	Synthetic   bool              `json:"synthetic"`
	EffectiveAt time.Time         `json:"effective_at"`
	Counts      map[string]int    `json:"counts"`
	SHA256      map[string]string `json:"sha256"`
}

// LoadDirectory reads a directory's folder: manifest.json, units.csv,
// items.csv, divisions.csv. It takes all or nothing; the error joins a
// *LoadError for each fault, with file, line and column.
func LoadDirectory(folder fs.FS) (*Directory, error) {
	m, err := readManifest(folder)
	if err != nil {
		return nil, err
	}
	units, err1 := m.sheet(folder, "units.csv", unitColumns())
	items, err2 := m.sheet(folder, "items.csv", itemColumns())
	divisions, err3 := m.sheet(folder, "divisions.csv", divisionColumns())
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	b := builder{
		d: &Directory{
			Version: m.Version, Synthetic: m.Synthetic, EffectiveAt: m.EffectiveAt,
			items: map[string]Item{}, units: map[string]Unit{}, divisions: map[string]Division{}, places: map[string]Unit{},
		},
		expired: map[string]bool{},
	}
	return b.build(m, divisions, units, items)
}

func readManifest(folder fs.FS) (manifest, error) {
	const name = "manifest.json"
	var m manifest
	text, err := fs.ReadFile(folder, name)
	if err != nil {
		return m, fmt.Errorf("directory: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, &LoadError{File: name, Problem: err.Error()}
	}
	switch {
	case m.Format != DirectoryFormat:
		return m, &LoadError{File: name, Problem: "format: want " + DirectoryFormat}
	case m.Version == "" || len(m.Version) > 64:
		return m, &LoadError{File: name, Problem: "version: want 1 to 64 characters"}
	case m.EffectiveAt.IsZero():
		return m, &LoadError{File: name, Problem: "effective_at: is missing"}
	}
	return m, nil
}

// sheet reads a file that the manifest vouches for.
func (m manifest) sheet(folder fs.FS, name string, columns []string) (sheet, error) {
	data, err := fs.ReadFile(folder, name)
	if err != nil {
		return sheet{}, fmt.Errorf("directory: %w", err)
	}
	sum := sha256.Sum256(data)
	if !strings.EqualFold(m.SHA256[name], hex.EncodeToString(sum[:])) {
		return sheet{}, &LoadError{File: name, Problem: "its SHA-256 is not the one in manifest.json"}
	}
	return readSheet(name, data, columns)
}

func unitColumns() []string {
	return []string{
		"unit_code", "name", "short_name", "kind", "parent_code", "division_code", "uscc",
		"functions", "duty", "endpoint", "pii_scope", "valid_from", "valid_to",
	}
}

func itemColumns() []string {
	return []string{
		"item_code", "l1", "l2", "l3", "category", "deadline_class", "lead", "co", "cc",
		"keywords", "kb_ids", "form", "valid_from", "valid_to",
	}
}

func divisionColumns() []string { return []string{"code", "name", "parent"} }
