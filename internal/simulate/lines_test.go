package simulate

import (
	"bytes"
	"compress/gzip"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// readLines reads the truth by line: actor and kind by file and line number.
func readLines(t *testing.T, dir string) map[string]map[int][2]string {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, linesFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	if _, err := data.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	out := map[string]map[int][2]string{}
	rows := strings.Split(strings.TrimSuffix(data.String(), "\n"), "\n")
	if rows[0] != "file\tline\tactor\tkind" {
		t.Fatalf("header %q", rows[0])
	}
	for _, row := range rows[1:] {
		f := strings.Split(row, "\t")
		n, err := strconv.Atoi(f[1])
		if err != nil || len(f) != 4 {
			t.Fatalf("row %q", row)
		}
		if out[f[0]] == nil {
			out[f[0]] = map[int][2]string{}
		}
		out[f[0]][n] = [2]string{f[2], f[3]}
	}
	return out
}

// TestLines holds the truth by line to the lines as they are in the files. The
// targeted actor's addresses are used by nobody else, so each line that names
// one must be listed as its doing, in copies too, behind headers and garbage;
// and each listed line of a log that always names its client must name one of
// its actor's addresses (the questions for a tunnel's name go to a resolver).
func TestLines(t *testing.T) {
	copies := checkLines(t, small)
	copies += checkLines(t, Options{Seed: 1, Organizations: 24, Days: 40, Scale: 0.3, Portable: true})
	if copies == 0 {
		t.Error("no line of a copied file is listed")
	}
}

// checkLines returns how many lines of copied files are listed.
func checkLines(t *testing.T, o Options) (copies int) {
	t.Helper()
	dir := run(t, o)
	truth, listed, files := readTruth(t, dir), readLines(t, dir), contents(t, filepath.Join(dir, "logs"))
	values, own := map[string][]string{}, []string{}
	for _, a := range truth.Actors {
		for _, i := range a.Infrastructure {
			values[a.Name] = append(values[a.Name], i.Value)
		}
		if a.Targeted {
			own = append(own, a.Name)
		}
	}
	total := 0
	for name, data := range files {
		lines, rows := strings.Split(string(data), "\n"), listed["logs/"+name]
		delete(listed, "logs/"+name)
		total += len(rows)
		for n, row := range rows {
			if n < 1 || n > len(lines) {
				t.Fatalf("%s has %d lines, %d is listed", name, len(lines), n)
			}
			if direct(name) && row[1] != tunneling && !namesAny(lines[n-1], values[row[0]]) {
				t.Errorf("%s:%d is listed as %s of %s: %s", name, n, row[1], row[0], lines[n-1])
			}
		}
		for i, line := range lines {
			for _, actor := range own {
				if rows[i+1][0] != actor && namesAny(line, values[actor]) && rented(line, actor, truth) && looksWhole([]byte(strings.TrimSuffix(line, "\r"))) {
					t.Errorf("%s:%d names %s and is listed as %q: %s", name, i+1, actor, rows[i+1], line)
				}
			}
		}
		if strings.Contains(name, "copy-of-") {
			copies += len(rows)
		}
	}
	if len(listed) > 0 || total < 1000 {
		t.Errorf("%d lines listed; files that do not exist: %v", total, listed)
	}
	return copies
}

// rented reports whether line names one of the actor's values that are not at
// somebody's home, where honest people have the same address.
func rented(line, actor string, truth truthFile) bool {
	for _, a := range truth.Actors {
		for _, i := range a.Infrastructure {
			if addr, err := netip.ParseAddr(i.Value); a.Name == actor && namesAny(line, []string{i.Value}) && (err != nil || where(addr).kind == hosting) {
				return true
			}
		}
	}
	return false
}

func namesAny(line string, values []string) bool {
	for _, v := range values {
		if namesValue(line, v) {
			return true
		}
	}
	return false
}

// namesValue reports whether value stands in line as a word of its own.
func namesValue(line, value string) bool {
	for at := 0; ; {
		i := strings.Index(line[at:], value)
		if i < 0 {
			return false
		}
		i += at
		at = i + len(value)
		inner := func(c byte) bool { return c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' }
		if (i == 0 || !inner(line[i-1])) && (at == len(line) || !inner(line[at]) || line[at] == '.' && (at+1 == len(line) || !inner(line[at+1]))) {
			return true
		}
	}
}

// direct reports whether every line of a log names its client.
func direct(name string) bool {
	return strings.Contains(name, "/web/") || strings.Contains(name, "/www/") || strings.Contains(name, "/iis/") ||
		strings.Contains(name, "/zeek-sim/conn") || strings.Contains(name, "/zeek-sim/http")
}
