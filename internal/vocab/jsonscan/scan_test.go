package jsonscan

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vedette-cti/vedette"
)

func nothing(string) int32 { return 0 }

func TestScan(t *testing.T) {
	f := func(rec string, want ...string) {
		t.Helper()
		var b vedette.Batch
		o := NewOrder(nothing)
		for pass := range 2 { // unknown keys, then predicted ones
			toks, err := o.Scan(nil, []byte(rec))
			if err != nil {
				t.Fatalf("%s: %v", rec, err)
			}
			var got []string
			for i := range toks {
				got = append(got, toks[i].Key+"="+toks[i].Text(&b))
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("pass %d: %s:\n got %q\nwant %q", pass, rec, got, want)
			}
		}
	}
	f(`{}`)
	f(` { } `)
	f(`{"a":"b"}`, "a=b")
	f(`{"a" : 1 , "b" : -0.5e+3}`, "a=1", "b=-0.5e+3")
	f(`{"a":true,"b":false,"c":null}`, "a=true", "b=false", "c=null")
	f(`{"a":[1,{"b":[]}],"c":{"d":"}"}}`, `a=[1,{"b":[]}]`, `c={"d":"}"}`)
	f(`{"a":"x\n\"\\\/\u00e9","b":"\ud83d\ude00"}`, "a=x\n\"\\/é", "b=😀")
	f(`{"a":"\ud83d","b":"\ud83dx","c":"\ude00\ud83d\u0041"}`, "a=\ufffd", "b=\ufffdx", "c=\ufffd\ufffdA")
	f(`{"a":"grüße, long enough for two words"}`, "a=grüße, long enough for two words")
	f("{\"a\":\"\xff\xfe\"}", `a=\xff\xfe`)
	f("{\"a\":\"\\\"\xc3\"}", `a="\xc3`)
	f("{\"a\":[\"\xff\"]}", `a=["\\xff"]`)
	f(`{"a":1,"a":2}`, "a=1", "a=2")
	f(`{"\u0061b":1}`, "ab=1")
}

func TestScanErrors(t *testing.T) {
	f := func(rec string, want Error) {
		t.Helper()
		if _, err := NewOrder(nothing).Scan(nil, []byte(rec)); err != want {
			t.Errorf("%q: %v, want %v", rec, err, want)
		}
	}
	full := `{"a":"x\u00e9","b":[1.5e3,{"c":true}],"d":null}`
	for i := range len(full) {
		f(full[:i], ErrTruncated)
	}
	for _, rec := range []string{
		`[]`, `1`, `{"a":1}x`, `{"a":1,}`, `{,}`, `{"a"1}`, `{a:1}`, `{"a":01}`, `{"a":.5}`, `{"a":+1}`, `{"a":1.x}`,
		`{"a":tru}`, `{"a":"\x"}`, `{"a":"\u00g0"}`, "{\"a\":\"\n\"}", "{\"a\":\"12345678\x01\"}", `{"a":[1,]}`, `{"a":[1}`, `{"a":{"b"}}`, `{"a":NaN}`,
	} {
		f(rec, ErrSyntax)
	}
	f(`{"a":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`, ErrDepth)
}

// TestOrder checks that keys that come, go and move are still told right.
func TestOrder(t *testing.T) {
	asked := map[string]int{}
	o := NewOrder(func(key string) int32 {
		asked[strings.Clone(key)]++
		return int32(key[0])
	})
	for _, rec := range []string{`{"a":1,"b":2,"c":3}`, `{"a":1,"c":3}`, `{"c":3,"b":2,"a":1}`, `{"a":1,"x":9,"b":2,"c":3,"d":4}`, `{"x":9,"d":4,"ab":7}`} {
		toks, err := o.Scan(nil, []byte(rec))
		if err != nil {
			t.Fatal(err)
		}
		var want []Token
		dec := json.NewDecoder(strings.NewReader(rec))
		dec.Token()
		for dec.More() {
			k, _ := dec.Token()
			v, _ := dec.Token()
			raw, _ := json.Marshal(v)
			want = append(want, Token{Key: k.(string), Raw: string(raw), Kind: Number, Field: int32(k.(string)[0])})
		}
		if !reflect.DeepEqual(toks, want) {
			t.Errorf("%s: %+v", rec, toks)
		}
	}
	for k, n := range asked {
		if n != 1 {
			t.Errorf("key %q was resolved %d times", k, n)
		}
	}
}

func TestOrderIsBounded(t *testing.T) {
	o := NewOrder(nothing)
	for i := range 1000 {
		if _, err := o.Scan(nil, []byte(`{"`+strings.Repeat("k", i+1)+`":1}`)); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.slots) > maxSlots {
		t.Errorf("%d slots", len(o.slots))
	}
}

func TestJoin(t *testing.T) {
	f := func(array, want string) {
		t.Helper()
		var b vedette.Batch
		toks, err := NewOrder(nothing).Scan(nil, []byte(`{"a":`+array+`}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := toks[0].Join(&b); got != want {
			t.Errorf("%s: %q, want %q", array, got, want)
		}
	}
	f(`[]`, "")
	f(`["a"]`, "a")
	f(`[""]`, "")
	f(`["",""]`, ",")
	f(`["a","b,c","d"]`, "a,b,c,d")
	f(`["a","b" ]`, "a,b")
	f(`["a",["b"]]`, `a,["b"]`)
	f(`["a",null]`, "a,null")
	f(`[ "a" , 1.5, "c\"" ]`, `a,1.5,c"`)
	f("[\"\xff\",\"\xfe\"]", `\xff,\xfe`)
	f(`"scalar"`, "scalar")
}

func TestValues(t *testing.T) {
	f := func(name string, ok bool, got, want any) {
		t.Helper()
		if ok != (want != nil) || ok && got != want {
			t.Errorf("%s: %v %v, want %v", name, got, ok, want)
		}
	}
	i := func(s string, want any) { t.Helper(); n, ok := Int(s); f(s, ok, n, want) }
	i("0", int64(0))
	i("-42", int64(-42))
	i("9223372036854775807", int64(9223372036854775807))
	i("12.0", int64(12))
	i("1e3", int64(1000))
	for _, bad := range []string{"", "-", "1.5", "x", "0x10", "9223372036854775808", "inf", "nan", "+1"} {
		i(bad, nil)
	}
	n := func(s string, want any) { t.Helper(); n, ok := Nanoseconds(s); f(s, ok, n, want) }
	n("0.000870", int64(870000))
	n("1521911720.865716", int64(1521911720865716000))
	n("1588205199.8243701234", int64(1588205199824370123))
	n("-1.5", int64(-1500000000))
	n("1e-6", int64(1000))
	n("", nil)
	n(".5", nil)
	n("1x", nil)
	n("99999999999", nil)
	e := func(s string, want any) { t.Helper(); n, ok := Epoch(s); f(s, ok, n, want) }
	e("1700000000", int64(1700000000e9))
	e("1700000000.25", int64(1700000000.25e9))
	e("1700000000123", int64(1700000000123e6))
	e("1700000000123.5", int64(1700000000123.5e6))
	e("1700000000123456", int64(1700000000123456e3))
	e("1700000000123456789", int64(1700000000123456789))
	e("0", nil)
	e("-5", nil)
	e("17000000001234567890", nil)
	var cache AddrCache
	a := func(s string, want any) {
		t.Helper()
		x, ok := Addr(s)
		f(s, ok, x.String(), want)
		for range 2 { // the second answer is remembered
			x, ok := cache.Parse(s)
			f(s, ok, x.String(), want)
		}
	}
	a("10.47.1.100", "10.47.1.100")
	a("255.255.255.255", "255.255.255.255")
	a("10.47.11.100", "10.47.11.100")
	a("10.47.12.100", "10.47.12.100")
	a("0.0.0.0", "0.0.0.0")
	a("::ffff:192.0.2.1", "192.0.2.1")
	a("fe80::1%eth0", "fe80::1")
	a("2001:db8::1", "2001:db8::1")
	for _, bad := range []string{"", "-", "1.2.3", "1.2.3.4.5", "256.1.1.1", "010.1.1.1", "1..2.3", "host.example", "1.2.3.4:80", "::ffff:1.2.3.4.5"} {
		a(bad, nil)
	}
}

func TestTime(t *testing.T) {
	taipei := time.FixedZone("", 8*3600)
	f := func(s, layout, value string) {
		t.Helper()
		got, ok := Time(s, taipei)
		if value == "" {
			if ok {
				t.Errorf("%q was read as %v", s, time.Unix(0, got))
			}
			return
		}
		want, err := time.ParseInLocation(layout, value, taipei)
		if err != nil {
			t.Fatal(err)
		}
		if !ok || got != want.UnixNano() {
			t.Errorf("%q: %v %v, want %v", s, time.Unix(0, got).UTC(), ok, want.UTC())
		}
	}
	same := func(s string) { t.Helper(); f(s, time.RFC3339Nano, s) }
	same("2018-03-24T17:15:20.865716Z")
	same("2024-02-29T00:00:00+08:00")
	same("1970-01-01T00:00:00Z")
	same("2000-12-31T23:59:59.999999999-11:30")
	f("2024-01-02T03:04:05.678901+0800", time.RFC3339Nano, "2024-01-02T03:04:05.678901+08:00")
	f("2024-01-02 03:04:05,5", "2006-01-02 15:04:05", "2024-01-02 03:04:05.5")
	f("2024-01-02 03:04:05+00", time.RFC3339, "2024-01-02T03:04:05Z")
	for _, bad := range []string{"", "2024-13-02T03:04:05Z", "2023-02-29T03:04:05Z", "2024-01-02T24:04:05Z", "2024-01-02", "2024-01-02T03:04:05X", "2024-01-02T03:04:05 ", "2x24-01-02T03:04:05Z", "2024-01-02T03:04:05+8"} {
		f(bad, "", "")
	}
}

// FuzzScan compares with encoding/json: the same records are accepted, and
// valid text is the same text.
func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"a":"x\u00e9\ud83d","b":[1.5e3,{"c":true}],"d":null,"e":-0}`))
	f.Add([]byte(` {"a" : "12345678\"9" , "b":{"c":[]} } `))
	f.Add([]byte("{\"a\xff\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, rec []byte) {
		var b vedette.Batch
		o := NewOrder(nothing)
		toks, err := o.Scan(nil, rec)
		if err == ErrDepth {
			return
		}
		object := bytes.HasPrefix(bytes.TrimLeft(rec, " \t\r\n"), []byte("{"))
		if valid := object && json.Valid(rec); valid != (err == nil) {
			t.Fatalf("%q: error %v, encoding/json says %v", rec, err, valid)
		}
		if err != nil {
			return
		}
		again, err := o.Scan(nil, rec)
		if err != nil || !reflect.DeepEqual(again, toks) {
			t.Fatalf("%q: second scan differs: %v, %v", rec, again, toks)
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(rec, &want); err != nil {
			t.Fatal(err)
		}
		last := map[string]*Token{}
		for i := range toks {
			last[toks[i].Key] = &toks[i]
			if !utf8.ValidString(toks[i].Key) || !utf8.ValidString(toks[i].Text(&b)) || !utf8.ValidString(toks[i].Join(&b)) {
				t.Fatalf("%q: %q is not valid UTF-8", rec, toks[i].Key)
			}
			if toks[i].Kind != String && !json.Valid([]byte(toks[i].JSON(&b))) {
				t.Fatalf("%q: %q is not JSON", rec, toks[i].JSON(&b))
			}
		}
		if !utf8.Valid(rec) {
			return
		}
		if len(last) != len(want) {
			t.Fatalf("%q: %d keys, want %d", rec, len(last), len(want))
		}
		for k, raw := range want {
			got := last[k]
			if got == nil {
				t.Fatalf("%q: no key %q", rec, k)
			}
			var s string
			if raw[0] != '"' {
				if got.Raw != string(raw) {
					t.Fatalf("%q: %s, want %s", rec, got.Raw, raw)
				}
			} else if json.Unmarshal(raw, &s); got.Text(&b) != s {
				t.Fatalf("%q: %q, want %q", rec, got.Text(&b), s)
			}
		}
	})
}
