package simulate

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"
)

// linesFile is the truth by line: tab-separated values with a header, one row
// for every line of telemetry that an actor's act left, opportunistic actors
// included. Harmless look-alikes are not in it.
//
//	file   path of the log relative to the output folder, as written
//	line   number from 1 in the decompressed file, headers and damage counted
//	actor  name of the actor, as in truth.json
//	kind   what the act was
const linesFile = "truth-lines.tsv.gz"

// act is what an actor does at a moment; the zero value is nobody's doing.
type act struct {
	actor int // index of the actor, from 1
	kind  string
}

// Kinds of acts.
const (
	scanning   = "scan"      // opening ports, looking at pages
	probing    = "probe"     // asking for what may have been forgotten
	exploiting = "exploit"   // sending attacks
	guessing   = "guess"     // wrong passwords
	entering   = "login"     // a login that succeeds, and what is done then
	shelling   = "web-shell" // placing and using a script on a web site
	takingOver = "takeover"  // changing a device's configuration, and coming back
	tunneling  = "tunnel"    // connections outward, with the names asked for
)

// by notes that what is written from now on is an actor's doing, until the
// returned function is called.
func (o *org) by(actor int, kind string) func() {
	before := o.act
	o.act = act{actor + 1, kind}
	return func() { o.act = before }
}

// lineTruth is a line of a file that stems from an act.
type lineTruth struct {
	file string
	line int
	act  act
}

// note records that a line of a file is an act's.
func (s *stream) note(file string, line int, a act) {
	if a.actor > 0 {
		s.malicious = append(s.malicious, lineTruth{file, line, a})
	}
}

// writeLines writes linesFile, sorted by file and line.
func (s *simulation) writeLines() error {
	var all []lineTruth
	for _, o := range s.orgs {
		for _, st := range o.streams {
			all = append(all, st.malicious...)
		}
	}
	slices.SortFunc(all, func(a, b lineTruth) int {
		if c := strings.Compare(a.file, b.file); c != 0 {
			return c
		}
		return a.line - b.line
	})
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	z.ModTime = s.Start
	if _, err := fmt.Fprintf(z, "file\tline\tactor\tkind\n"); err != nil {
		return err
	}
	for _, l := range all {
		if _, err := fmt.Fprintf(z, "%s\t%d\t%s\t%s\n", l.file, l.line, s.actors[l.act.actor-1].name, l.act.kind); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return s.file(linesFile, b.Bytes())
}
