package jsonscan

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// outline writes tokens as keys, with the members of an object in brackets.
func outline(tokens []Token) string {
	var out strings.Builder
	for i := 0; i < len(tokens); i++ {
		t := &tokens[i]
		fmt.Fprintf(&out, "%s ", t.Key)
		if t.Kind == Object {
			n := int(t.Members)
			fmt.Fprintf(&out, "( %s) ", outline(tokens[i+1:i+1+n]))
			i += n
		}
	}
	return out.String()
}

func TestTree(t *testing.T) {
	tree := NewTree(nothing)
	f := func(rec, want string) {
		t.Helper()
		for range 2 {
			tokens, err := tree.Scan([]byte(rec))
			if got := strings.TrimSpace(outline(tokens)); err != nil || got != want {
				t.Errorf("%s: %s, %v, want %s", rec, got, err, want)
			}
			for _, token := range tokens {
				if token.Kind == Object && !json.Valid([]byte(token.Raw)) {
					t.Errorf("%s: object %s", rec, token.Raw)
				}
			}
		}
	}
	f(`{"a":{"b":{"c":1},"d":null},"e":[{"f":2}]}`, "a ( b ( c ) d ) e")
	f(`{"a":{},"b":{ "c" : { } } , "d":1}`, "a ( ) b ( c ( ) ) d")
	f(`{"\u0061":{"b":1},"\u0062":{"b":{"c":1}}}`, "a ( b ) b ( b ( c ) )")
	for i := range 2 * maxOrders { // beyond the bound nothing changes
		f(fmt.Sprintf(`{"k%d":{"a":{"b":1}},"c":2}`, i), fmt.Sprintf("k%d ( a ( b ) ) c", i))
	}
	for _, bad := range []string{`{"a":{"b":1}`, `{"a":{"b":1]}`, `{"a":{"b"}}`, `{"a":{"b":1}}}`, `{"a":{,}}`} {
		if _, err := tree.Scan([]byte(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	deep := func(n int) error {
		_, err := tree.Scan([]byte(strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n)))
		return err
	}
	if deep(MaxDepth) != nil || deep(MaxDepth+1) != ErrDepth {
		t.Errorf("depth: %v, %v", deep(MaxDepth), deep(MaxDepth+1))
	}
}
