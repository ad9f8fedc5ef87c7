package jsonscan

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestFlatten(t *testing.T) {
	flat := NewFlattener(func(path string) int32 {
		if path == "whole" {
			return Opaque
		}
		return int32(len(path))
	})
	f := func(rec string, want ...string) {
		t.Helper()
		for range 2 {
			members, err := flat.Scan([]byte(rec))
			if err != nil {
				t.Fatalf("%s: %v", rec, err)
			}
			var got []string
			for _, m := range members {
				got = append(got, m.Path+"="+m.Value.Raw)
				if m.Field != Opaque && int(m.Field) != len(m.Path) {
					t.Errorf("%s: field %d", m.Path, m.Field)
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %q, want %q", rec, got, want)
			}
		}
	}
	f(`{"a":{"b":{"c":1},"d":null},"e":[{"f":2}]}`, "a.b.c=1", `e=[{"f":2}]`)
	f(`{"a.b":1,"a":{},"x":"y"}`, "a.b=1", "x=y")
	f(`{"whole":{"a":1}}`, `whole={"a":1}`)
	f(`{ "a" : { "b" : 1 } , "c":2}`, "a.b=1", "c=2")
	f(`{"1":{"2":{"3":{"4":{"5":1}}}}}`, `1.2.3.4={"5":1}`)
	for _, bad := range []string{`{"a":{"b":1}`, `{"a":{"b":1]}`, `{"a":{"b"}}`, `{"a":{"b":1}}}`} {
		if _, err := flat.Scan([]byte(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	// Paths beyond the bound are still named in full.
	for i := range 2 * maxPaths {
		if _, err := flat.Scan(fmt.Appendf(nil, `{"a":{"k%d":1}}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	f(`{"a":{"new":{"z":1}},"new":2}`, `a.new={"z":1}`, "new=2")
	if _, err := flat.Scan([]byte(`{"a":` + strings.Repeat("[", 2*MaxDepth) + strings.Repeat("]", 2*MaxDepth) + `}`)); err != ErrDepth {
		t.Errorf("depth: %v", err)
	}
}
