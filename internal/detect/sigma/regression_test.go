package sigma

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
)

// shared finds public data beside the repository; tests that need it are
// skipped where it is absent.
func shared(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("VEDETTE_SHARED")
	for dir, _ := os.Getwd(); root == ""; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			root = filepath.Join(filepath.Dir(dir), "shared")
		} else if dir == filepath.Dir(dir) {
			t.Skip("not inside the repository")
		}
	}
	path := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("public data is not here: %s", name)
	}
	return path
}

// unpack extracts SigmaHQ's archive once for a test.
func unpack(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	err := extract(shared(t, "data/sigma/sigma.tar.gz"), dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// flatten is a plain reading of a Windows event in JSON as evtx_dump writes it.
func flatten(line []byte) (*vedette.Event, error) {
	var doc struct {
		Event struct {
			System map[string]json.RawMessage
			Data   map[string]json.RawMessage `json:"EventData"`
			User   map[string]json.RawMessage `json:"UserData"`
		}
	}
	if err := json.Unmarshal(line, &doc); err != nil {
		return nil, err
	}
	sys := doc.Event.System
	if sys == nil {
		return nil, errors.New("no System")
	}
	text := func(raw json.RawMessage) string {
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return s
		}
		return string(raw)
	}
	e := &vedette.Event{Dataset: vedette.DatasetWindowsEvent, Host: text(sys["Computer"])}
	var id struct {
		Text json.RawMessage `json:"#text"`
	}
	e.Code = text(sys["EventID"])
	if json.Unmarshal(sys["EventID"], &id) == nil && id.Text != nil {
		e.Code = text(id.Text)
	}
	channel := text(sys["Channel"])
	if channel == sysmonChannel {
		e.Dataset = vedette.DatasetWindowsSysmon
	}
	var provider struct {
		Attributes struct{ Name string } `json:"#attributes"`
	}
	_ = json.Unmarshal(sys["Provider"], &provider)
	add := func(k, v string) { e.Rest = append(e.Rest, vedette.Field{Key: k, Value: v}) }
	add("Channel", channel)
	add("Provider_Name", provider.Attributes.Name)
	for _, m := range []map[string]json.RawMessage{doc.Event.Data, doc.Event.User} {
		for k, raw := range m {
			if k == "Data" {
				var inner struct {
					Text json.RawMessage `json:"#text"`
				}
				if json.Unmarshal(raw, &inner) == nil && inner.Text != nil {
					raw = inner.Text
				}
			}
			switch {
			case bytes.HasPrefix(raw, []byte{'"'}):
				add(k, text(raw))
			default:
				e.Rest = append(e.Rest, vedette.Field{Key: k, Value: string(raw), Kind: vedette.KindRaw})
			}
		}
	}
	return e, nil
}

func TestRegression(t *testing.T) {
	report, err := Regression(unpack(t), flatten)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d cases, %d as stated", report.Cases, report.AsStated)
	for _, d := range report.Different {
		t.Log(fmt.Sprintf("%+v", d))
	}
	if report.Cases != 202 || report.AsStated < 200 {
		t.Errorf("%d of %d cases are as stated, want at least 200 of 202", report.AsStated, report.Cases)
	}
}

func TestCheckSigmaHQ(t *testing.T) {
	report, err := Check([]string{shared(t, "data/sigma/sigma.tar.gz")})
	if err != nil {
		t.Fatal(err)
	}
	if report.Rules != 3754 || report.Parsed != 3754 || report.Compiled != 3754 {
		t.Errorf("got %d rules, %d parsed, %d compiled", report.Rules, report.Parsed, report.Compiled)
	}
	for _, f := range report.Failed {
		t.Errorf("%+v", f)
	}
	if len(report.Placeholders) != 2 {
		t.Errorf("placeholders: %+v", report.Placeholders)
	}
	for _, p := range report.Placeholders {
		t.Log(p.ID, strings.Join(p.Names, ","))
	}
}
