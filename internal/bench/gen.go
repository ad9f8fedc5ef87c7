package main

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// options says what to make.
type options struct {
	out       string
	events    int64
	addresses int
	seed      uint64
	only      string
}

const (
	organizations = 20
	days          = 7
)

var begin = time.Date(2024, 1, 8, 0, 0, 0, 0, time.UTC)

// kinds are the logs of an organization with their share of its records.
var kinds = []struct {
	name, file string
	share      float64
	write      func(*maker, time.Time)
	header     string
}{
	{"web", "access.log", 0.35, (*maker).web, ""},
	{"conn", "conn.log", 0.30, (*maker).conn, connHeader},
	{"dns", "dns.json", 0.20, (*maker).dns, ""},
	{"ssh", "auth.log", 0.15, (*maker).ssh, ""},
}

// generate writes constituency.yaml and logs/ORGANIZATION/FILE.
func generate(o options) error {
	people := population(o)
	for i := range organizations {
		id := fmt.Sprintf("org-%02d", i+1)
		dir := filepath.Join(o.out, "logs", id)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		for k, kind := range kinds {
			if o.only != "" && o.only != kind.name {
				continue
			}
			share := kind.share
			if o.only != "" {
				share = 1
			}
			// Cumulative rounding: the files add up to o.events.
			n := part(o.events, share, i+1) - part(o.events, share, i)
			if kind.name == "web" && o.only == "" {
				n += remainder(o.events, i)
			}
			m := &maker{
				r: rand.New(rand.NewPCG(o.seed, uint64(i*len(kinds)+k))), people: people, org: i,
			}
			if err := m.file(filepath.Join(dir, kind.file), n, kind.header, kind.write); err != nil {
				return err
			}
		}
	}
	return writeConstituency(o.out)
}

// part is how many of all records of a kind the first n organizations have.
func part(events int64, share float64, n int) int64 {
	return int64(math.Floor(float64(events) * share * float64(n) / organizations))
}

// remainder is what rounding takes from the records of organization i.
func remainder(events int64, i int) int64 {
	want := part(events, 1, i+1) - part(events, 1, i)
	for _, kind := range kinds {
		want -= part(events, kind.share, i+1) - part(events, kind.share, i)
	}
	return want
}

// maker writes one file.
type maker struct {
	r      *rand.Rand
	people *crowd
	org    int
	line   []byte
	ports  uint16
}

// file writes n records whose times are spread over the days.
func (m *maker) file(path string, n int64, header string, write func(*maker, time.Time)) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := file.Close(); err == nil {
			err = cerr
		}
	}()
	w := bufio.NewWriterSize(file, 1<<20)
	if _, err := w.WriteString(header); err != nil {
		return err
	}
	step := time.Duration(days) * 24 * time.Hour / time.Duration(max(n, 1))
	for i := range n {
		at := begin.Add(step*time.Duration(i) + time.Duration(m.r.Int64N(max(int64(step), 1))))
		m.line = m.line[:0]
		write(m, at)
		m.line = append(m.line, '\n')
		if _, err := w.Write(m.line); err != nil {
			return err
		}
	}
	return w.Flush()
}

// crowd is the outside addresses: a few come often, most seldom, every one at
// least once if there are enough records.
type crowd struct {
	n     int
	names []string // of the first, which come often
}

func population(o options) *crowd {
	c := &crowd{n: max(o.addresses, 1)}
	for i := range min(c.n, 1<<16) {
		c.names = append(c.names, name(i))
	}
	return c
}

// name is the i-th address of 240.0.0.0/4, scattered by an odd multiplier.
func name(i int) string {
	x := uint32(i) * 0x9E3779B1 >> 4
	return fmt.Sprintf("%d.%d.%d.%d", 240+x>>24, x>>16&255, x>>8&255, x&255)
}

// pick returns an address: half of the time one of the frequent ones.
func (m *maker) pick() string {
	c := m.people
	if m.r.IntN(2) == 0 {
		// 1/x: the first address comes about as often as the next ten together.
		i := int(math.Exp(m.r.Float64()*math.Log(float64(len(c.names))))) - 1
		return c.names[min(i, len(c.names)-1)]
	}
	if i := m.r.IntN(c.n); i >= len(c.names) {
		return name(i)
	} else {
		return c.names[i]
	}
}

func writeConstituency(dir string) error {
	file, err := os.Create(filepath.Join(dir, "constituency.yaml"))
	if err != nil {
		return err
	}
	fmt.Fprintln(file, "organizations:")
	for i := range organizations {
		fmt.Fprintf(file, `  - id: org-%02d
    name: Organization %d (made up)
    sector: education
    country: TW
    networks: [198.18.%d.0/24]
    domains: [org-%02d.example]
    sources: ["logs/org-%02d/**"]
`, i+1, i+1, i, i+1, i+1)
	}
	return file.Close()
}
