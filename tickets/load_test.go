package tickets_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"hotline/tickets"
)

func sampleDirectory(t testing.TB) *tickets.Directory {
	t.Helper()
	d, err := tickets.SampleDirectory()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheSampleIsWhole(t *testing.T) {
	t.Parallel()
	d := sampleDirectory(t)
	if !d.Synthetic || d.Version != "synthetic-2026.1" || len(d.Items) != 26 || len(d.Units) != 11 || len(d.Divisions) != 12 {
		t.Errorf("%s: synthetic %v, %d items, %d units, %d divisions", d.Version, d.Synthetic, len(d.Items), len(d.Units), len(d.Divisions))
	}
	categories, classes := map[tickets.Category]int{}, map[tickets.DeadlineClass]int{}
	for _, i := range d.Items {
		categories[i.Category]++
		classes[i.DeadlineClass]++
	}
	if len(categories) != 4 || len(classes) != 4 {
		t.Errorf("categories %v, classes %v: want all four of each", categories, classes)
	}
}

// TestEveryItemResolvesEverywhere: each place below the city has somebody for
// each item, unless the directory says that a person decides.
func TestEveryItemResolvesEverywhere(t *testing.T) {
	t.Parallel()
	d := sampleDirectory(t)
	s, _ := newDesk(t, nil)
	for _, i := range d.Items {
		for _, v := range d.Divisions[1:] {
			p, err := s.Propose(t.Context(), tickets.Fields{ItemCode: i.Code, Place: tickets.Place{DivisionCode: v.Code}})
			if err != nil {
				t.Fatal(err)
			}
			if manual := i.Lead[0] == tickets.Manual; (p.Unit.Code == "") != manual {
				t.Errorf("%s at %s goes to %q", i.Code, v.Code, p.Unit.Code)
			}
		}
	}
}

func TestTheDirectorysJSONIsTheDesks(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(sampleDirectory(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"version":"synthetic-2026.1","synthetic":true`,
		`{"code":"01.01.001","path":["市政公用","供热","供暖不热"],"category":"complaint","deadline_class":"H24","keywords":["暖气","供暖","室温","不热"]}`,
		`{"code":"SUB-001","name":"柳荫街道办事处","short_name":"柳荫街道","kind":"subdistrict","parent":"DIS-001","division_code":"990101001000"}`,
		`{"code":"990101001000","name":"柳荫街道","parent":"990101000000"}`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the JSON lacks %s", want)
		}
	}
}

// folder is the sample with changed files, its manifest brought in line.
func folder(t testing.TB, change map[string]func(string) string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range []string{"units.csv", "items.csv", "divisions.csv", "manifest.json"} {
		b, err := os.ReadFile("sample/" + name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		for file, f := range files { // the manifest comes last and vouches for the others
			sum := sha256.Sum256(f.Data)
			if original, err := os.ReadFile("sample/" + file); err == nil {
				was := sha256.Sum256(original)
				text = strings.Replace(text, hex.EncodeToString(was[:]), hex.EncodeToString(sum[:]), 1)
			}
		}
		if f := change[name]; f != nil {
			text = f(text)
		}
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

func swap(from, to string) func(string) string {
	return func(s string) string { return strings.Replace(s, from, to, 1) }
}

func TestAFaultyDirectoryIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file   string
		change func(string) string
		want   string
	}{
		"unknown column":              {"items.csv", swap("keywords", "keyword"), `items.csv:1:10: column "keyword" is not known`},
		"column missing":              {"divisions.csv", func(s string) string { return strings.ReplaceAll(s, ",name,", ",parent,") }, "divisions.csv:1:3"},
		"ragged row":                  {"divisions.csv", swap("990102000000,西山区,", "990102000000,西山区,,"), "divisions.csv:4:1: wrong number of fields"},
		"bare quote":                  {"divisions.csv", swap("西山区", `西"山区`), `divisions.csv:4:17: bare "`},
		"not UTF-8":                   {"units.csv", swap("东河区", "\xb6\xab"), "units.csv: is not UTF-8"},
		"empty file":                  {"units.csv", func(string) string { return "" }, "units.csv: is empty"},
		"short division":              {"divisions.csv", swap("990101001001", "99010100100"), "divisions.csv:9:1: code: want 12 digits"},
		"division twice":              {"divisions.csv", swap("990101001002", "990101001001"), "divisions.csv:10:1: code: stands twice"},
		"division without a parent":   {"divisions.csv", swap("第一社区,990101001000", "第一社区,990101009000"), `divisions.csv:9:39: parent: "990101009000" is not known`},
		"divisions in a circle":       {"divisions.csv", swap("示例市,", "示例市,990101001001"), "parent: runs in a circle"},
		"division without a district": {"divisions.csv", func(s string) string { return s + "990109000000,北区,990000000000\n" }, "divisions.csv:14:1: code: no district unit answers for it"},
		"unknown kind":                {"units.csv", swap(",soe,", ",company,"), `units.csv:12:53: kind: "company" is not known`},
		"unit twice":                  {"units.csv", swap("DEP-003", "DEP-002"), "unit_code: stands twice"},
		"a slash in a unit code":      {"units.csv", swap("SOE-001", "SOE/001"), "units.csv:12:1: unit_code: want"},
		"two units at one place":      {"units.csv", swap(",990101002000,", ",990101001000,"), "division_code: SUB-001 answers for it already"},
		"subdistrict under nobody":    {"units.csv", swap("subdistrict,DIS-001", "subdistrict,CTR-001"), "parent_code: a subdistrict stands under a district"},
		"place of the wrong level":    {"units.csv", swap("subdistrict,DIS-001,990101001000", "subdistrict,DIS-001,990101001001"), "division_code: is not that of a subdistrict"},
		"place unknown":               {"units.csv", swap("subdistrict,DIS-001,990101001000", "subdistrict,DIS-001,990101009000"), `division_code: "990101009000" is not in divisions.csv`},
		"unknown scope":               {"units.csv", swap(",masked,,", ",all,,"), `pii_scope: "all" is none of`},
		"bad date":                    {"units.csv", swap("masked,,", "masked,,2026-13-01"), "valid_to: want YYYY-MM-DD"},
		"unit expired": {"units.csv", func(s string) string {
			return strings.Replace(s, "heating,24x7,,masked,,", "heating,24x7,,masked,,2025-12-30", 1)
		}, `lead: unit "SOE-001" has expired`},
		"bad item code":     {"items.csv", swap("01.01.001", "1.1.1"), "items.csv:2:1: item_code: want LL.MM.NNN"},
		"item twice":        {"items.csv", swap("01.01.002", "01.01.001"), "item_code: stands twice"},
		"two levels only":   {"items.csv", swap("供热,供暖不热", "供热,"), "l3: is empty"},
		"unknown category":  {"items.csv", swap("complaint", "grumble"), `category: "grumble" is not known`},
		"unknown deadline":  {"items.csv", swap("H24", "H48"), `deadline_class: "H48" is none of`},
		"unknown rule":      {"items.csv", swap("unit:SOE-001", "soe:heating@place"), `lead: rule "soe:heating@place" is not known`},
		"unknown lead unit": {"items.csv", swap("unit:SOE-001", "unit:SOE-009"), `items.csv:2:58: lead: unit "SOE-009" is not in units.csv`},
		"no rule":           {"items.csv", swap("unit:SOE-001", ""), `lead: rule "" is not known`},
		"wrong count":       {"manifest.json", swap(`"items": 26`, `"items": 27`), "counts.items: says 27, the files have 26"},
		"unknown count":     {"manifest.json", swap(`"items": 26`, `"pets": 0`), "counts.pets"},
		"wrong sum":         {"manifest.json", swap(`"units.csv": "e`, `"units.csv": "f`), "units.csv: its SHA-256 is not the one"},
		"other format":      {"manifest.json", swap("directory/1", "directory/2"), "manifest.json: format"},
		"unknown key":       {"manifest.json", swap(`"version"`, `"vresion"`), "vresion"},
		"no version":        {"manifest.json", swap(`"synthetic-2026.1"`, `""`), "manifest.json: version"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := tickets.LoadDirectory(folder(t, map[string]func(string) string{tt.file: tt.change}))
			if err == nil || d != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	_, err := tickets.LoadDirectory(folder(t, map[string]func(string) string{"items.csv": func(s string) string {
		return strings.NewReplacer("01.01.001", "1", "01.01.002", "2").Replace(s)
	}}))
	if err == nil || strings.Count(err.Error(), "item_code: want") != 2 {
		t.Errorf("error %v, want both faults", err)
	}
	if fault, ok := errors.AsType[*tickets.LoadError](err); !ok || fault.Line != 2 || fault.Column != 1 {
		t.Errorf("the first fault is %+v, want line 2, column 1", fault)
	}
}

func TestAByteOrderMarkIsTolerated(t *testing.T) {
	t.Parallel()
	if _, err := tickets.LoadDirectory(folder(t, map[string]func(string) string{"units.csv": func(s string) string { return "\ufeff" + s }})); err != nil {
		t.Error(err)
	}
}

func TestAMissingFileIsNamed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"manifest.json", "units.csv", "items.csv", "divisions.csv"} {
		files := folder(t, nil)
		delete(files, name)
		if _, err := tickets.LoadDirectory(files); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func FuzzLoadDirectory(f *testing.F) {
	for _, name := range []string{"units.csv", "items.csv", "divisions.csv"} {
		b, err := os.ReadFile("sample/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, string(b))
	}
	f.Add("items.csv", "item_code,\"l1\n,,")
	f.Fuzz(func(t *testing.T, name, text string) {
		if name != "units.csv" && name != "items.csv" && name != "divisions.csv" {
			return
		}
		d, err := tickets.LoadDirectory(folder(t, map[string]func(string) string{name: func(string) string { return text }}))
		if (d == nil) == (err == nil) {
			t.Errorf("directory %v with error %v", d, err)
		}
	})
}
