package duckdb

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
)

// FuzzRest writes and reads fields with any text: the result is JSON in UTF-8,
// and what was UTF-8 comes back as it was.
func FuzzRest(f *testing.F) {
	f.Add("key", "value", "12", true)
	f.Add("", "\x00\xff\"\\", "{\"a\": [1, null]}", true)
	f.Add("k", "v", " 1 ", true)
	f.Add("k", "v", "\"text\"", true)
	f.Fuzz(func(t *testing.T, key, value, raw string, again bool) {
		in := []vedette.Field{{Key: key, Value: value}, {Key: "raw", Value: raw, Kind: vedette.KindRaw}}
		if again {
			in = append(in, in[0])
		}
		text := string(appendRest(nil, in))
		if !utf8.ValidString(text) || !json.Valid([]byte(text)) {
			t.Fatalf("not JSON: %q", text)
		}
		out, err := parseRest(text)
		if err != nil || len(out) != len(in) {
			t.Fatalf("%q: %v, %v", text, out, err)
		}
		if utf8.ValidString(key) && utf8.ValidString(value) {
			if diff := cmp.Diff(in[0], out[0]); diff != "" {
				t.Error(diff)
			}
		}
		// Raw values lose the space around them, and no more.
		again1 := string(appendRest(nil, out))
		if out, err = parseRest(again1); err != nil || string(appendRest(nil, out)) != again1 {
			t.Errorf("%q read and written: %q, %v", again1, appendRest(nil, out), err)
		}
	})
}
