package decode

import (
	"bytes"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
)

// envelope passes what follows its prefix to the payload decoder.
type envelope struct {
	prefix string
	o      Options
}

func (e envelope) Decode(b *vedette.Batch, rec []byte) error {
	rest, ok := bytes.CutPrefix(rec, []byte(e.prefix))
	if !ok {
		return ErrSyntax
	}
	if d := e.o.Payload(rest); d != nil {
		return d.Decode(b, rest)
	}
	b.Add().Message = e.prefix + "|" + string(rest)
	return nil
}

func prefixed(name, prefix string, sure Confidence) *Format {
	return &Format{
		Name: name,
		Sniff: func(head []byte) Confidence {
			if bytes.HasPrefix(head, []byte(prefix)) {
				return sure
			}
			return 0
		},
		New: func(o Options) Decoder { return envelope{prefix, o} },
	}
}

func TestRecognize(t *testing.T) {
	panics := &Format{Name: "panics", Sniff: func([]byte) Confidence { panic("bug") }}
	r := &Registry{Formats: []*Format{
		panics, prefixed("generic", "{", 20), prefixed("exact", `{"a`, 90), prefixed("b-twin", "#", 50), prefixed("a-twin", "#", 50),
	}}
	f := func(head, want string) {
		t.Helper()
		got := ""
		if f := r.Recognize([]byte(head)); f != nil {
			got = f.Name
		}
		if got != want {
			t.Errorf("Recognize(%q) = %q, want %q", head, got, want)
		}
	}
	f(`{"a":1}`, "exact")
	f(`{"b":1}`, "generic")
	f("#x", "a-twin") // equal confidence: the name decides
	f("", "")
	f("plain text", "")
	if r.Lookup("exact") == nil || r.Lookup("nothing") != nil {
		t.Error("Lookup does not find by name")
	}
}

func TestPayload(t *testing.T) {
	r := &Registry{Formats: []*Format{prefixed("outer", "<", 50), prefixed("inner", "[", 50)}}
	f := func(rec, want string) {
		t.Helper()
		var b vedette.Batch
		d := r.New(r.Lookup("outer"), Options{Location: time.UTC})
		if err := d.Decode(&b, []byte(rec)); err != nil || b.Events[0].Message != want {
			t.Errorf("%q: %v, %v; want message %q", rec, b.Events, err, want)
		}
	}
	f("<[text", "[|text")
	f("<text", "<|text")
	f("<<text", "<|<text")  // not opened again
	f("<[<text", "[|<text") // not even inside another
	f("<[[text", "[|[text") // nor the inner in itself
	f("<", "<|")
}
