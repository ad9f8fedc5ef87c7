package sigma

import (
	"bytes"
	"encoding/json"
	"errors"
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
	e := &vedette.Event{Dataset: vedette.DatasetWindowsEvent, Host: jsonText(sys["Computer"])}
	var id struct {
		Text json.RawMessage `json:"#text"`
	}
	e.Code = jsonText(sys["EventID"])
	if json.Unmarshal(sys["EventID"], &id) == nil && id.Text != nil {
		e.Code = jsonText(id.Text)
	}
	channel := jsonText(sys["Channel"])
	if channel == sysmonChannel {
		e.Dataset = vedette.DatasetWindowsSysmon
	}
	var provider struct {
		Attributes struct{ Name string } `json:"#attributes"`
	}
	_ = json.Unmarshal(sys["Provider"], &provider)
	e.Rest = append(e.Rest, vedette.Field{Key: "Channel", Value: channel}, vedette.Field{Key: "Provider_Name", Value: provider.Attributes.Name})
	addData(e, doc.Event.Data)
	for _, raw := range doc.Event.User {
		var inner map[string]json.RawMessage
		if json.Unmarshal(raw, &inner) == nil {
			addData(e, inner)
		}
	}
	return e, nil
}

// jsonText is a JSON string's value, or JSON as it is.
func jsonText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// addData adds the members of EventData to an event.
func addData(e *vedette.Event, data map[string]json.RawMessage) {
	for k, raw := range data {
		if k == "Data" {
			var inner struct {
				Text json.RawMessage `json:"#text"`
			}
			if json.Unmarshal(raw, &inner) == nil && inner.Text != nil {
				raw = inner.Text
			}
		}
		f := vedette.Field{Key: k, Value: jsonText(raw)}
		if !bytes.HasPrefix(raw, []byte{'"'}) {
			f.Kind = vedette.KindRaw
		}
		e.Rest = append(e.Rest, f)
	}
}

func TestRegression(t *testing.T) {
	report, err := Regression(unpack(t), flatten)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d cases, %d as stated, %d with more matches than stated", report.Cases, report.AsStated, len(report.Surplus))
	if report.Cases != 202 || report.AsStated != 202 {
		t.Errorf("%d of %d cases are as stated, want 202 of 202: %+v", report.AsStated, report.Cases, report.Different)
	}
	// These state one match though several of their events meet the rule as it
	// is written; the counts here were made by reading rule and events.
	miscounted := map[string]int{
		"0b9ad457-2554-44c1-82c2-d56a99c42377": 3, // user.conf three times
		"8fbf3271-1ef6-4e94-8210-03c2317947f6": 3, // procdump64.exe, procdump64a.exe, procdump.exe
		"45e112d0-7759-4c2a-aa36-9f8fb79d3393": 3, // https, http and * of one domain
		"c7dcacd0-cc59-4004-b0a4-1d6cdebe6f3e": 2, // AutoShareServer and AutoShareWks
	}
	for _, d := range report.Surplus {
		if n, ok := miscounted[d.ID]; !ok || d.Got != n || d.Want != 1 {
			t.Errorf("%+v", d)
		}
		delete(miscounted, d.ID)
	}
	if len(miscounted) > 0 {
		t.Errorf("not reported: %v", miscounted)
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
