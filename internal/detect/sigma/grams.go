package sigma

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// entry is a literal that a field is searched for on behalf of a predicate.
type entry struct {
	lit   []byte // folded
	pred  int32
	value int32 // index into the predicate's values
	at    int32 // where the indexed gram stands in lit
	// sure says that the literal's presence is all the value asks for.
	sure bool
}

// index finds the literals that occur in a text. A bitmap over hashes of four
// bytes sits in front of a table from gram to entries: the idea of a q-gram
// filter (Wu and Manber, A fast algorithm for multi-pattern searching, TR
// 94-17, University of Arizona, 1994) with one lookup a byte.
type index struct {
	bitmap  []uint64
	shift   uint32
	table   []bucket // open addressing, by hash; power of two
	entries []entry  // grouped by gram
	exact   map[string][]entry
	short   shorts // literals too short for a gram
}

type bucket struct {
	gram       uint32
	start, end int32
}

func hash(gram uint32) uint32 { return gram * 2654435761 } // Knuth's multiplicative hash

// empty reports whether there is nothing to look for.
func (x *index) empty() bool {
	return len(x.entries) == 0 && len(x.exact) == 0 && len(x.short.entries) == 0
}

// common is text that telemetry is full of; grams in it make poor filters.
var common = func() string {
	texts := []string{
		`c:\windows\system32\`, `c:\windows\syswow64\`, `c:\program files (x86)\`, `c:\programdata\microsoft\windows\`, `c:\users\public\appdata\local\temp\`,
		`\appdata\roaming\`, `\device\harddiskvolume`, `.exe" /c `, `.dll,`, `svchost.exe -k netsvcs -p -s `, `microsoft corporation`, `microsoft® windows® operating system`,
		`\powershell.exe`, `\cmd.exe /c "`, `windowspowershell\v1.0\`, `http://www.`, `https://`, `.com/`, `.html`, `.php?`, `index.php`, `/wp-content/`, `/api/`, `?id=`, `.aspx`,
		`mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/120.0.0.0 safari/537.36`,
		`mozilla/5.0 (compatible; googlebot/2.1; +http://www.google.com/bot.html)`, `mozilla/4.0 (compatible; msie 6.0; windows nt 5.1; sv1)`,
		`(macintosh; intel mac os x 10_15_7) gecko/20100101 firefox/121.0`, `hklm\software\microsoft\windows\currentversion\`, `hklm\system\currentcontrolset\services\`,
		`hku\s-1-5-21-`, `"get / http/1.1" 200`, `username`, `password`, `/usr/bin/`, `/usr/local/`, `admin`, `/bin/sh -c`,
	}
	return strings.Join(texts, "\x00")
}()

// build lays out the tables. grams counts how often each gram occurs in the
// literals of the field, to choose the rarest of each.
func (x *index) build(pending []entry) {
	counts := make(map[uint32]int)
	for _, e := range pending {
		for i := 0; i+4 <= len(e.lit); i++ {
			counts[binary.LittleEndian.Uint32(e.lit[i:])]++
		}
	}
	byGram := make(map[uint32][]entry)
	for _, e := range pending {
		best, bestCost := int32(0), 1<<30
		for i := 0; i+4 <= len(e.lit); i++ {
			cost := counts[binary.LittleEndian.Uint32(e.lit[i:])]
			if strings.Contains(common, view(e.lit[i:i+4])) {
				cost += 10_000
			}
			if cost < bestCost {
				best, bestCost = int32(i), cost
			}
		}
		e.at = best
		g := binary.LittleEndian.Uint32(e.lit[best:])
		byGram[g] = append(byGram[g], e)
	}
	if len(byGram) == 0 {
		return
	}
	bitCount := max(10, bits.Len(uint(len(byGram)*32)))
	bitCount = min(bitCount, 17)
	x.shift = uint32(32 - bitCount)
	x.bitmap = make([]uint64, 1<<(bitCount-6))
	x.table = make([]bucket, 1<<bits.Len(uint(2*len(byGram))))
	for g, list := range byGram {
		h := hash(g) >> x.shift
		x.bitmap[h>>6] |= 1 << (h & 63)
		slot := x.place(g)
		start := int32(len(x.entries))
		x.entries = append(x.entries, list...)
		x.table[slot] = bucket{g, start, int32(len(x.entries))}
	}
}

// place returns where the gram stands in the table, or would stand.
func (x *index) place(g uint32) int {
	mask := len(x.table) - 1
	i := int(hash(g)>>7) & mask
	for x.table[i].end != 0 && x.table[i].gram != g {
		i = (i + 1) & mask
	}
	return i
}

// scan calls the predicate's mark for every entry whose literal occurs in low.
func (x *index) scan(low []byte, s *state) {
	if x.bitmap == nil || len(low) < 4 {
		return
	}
	bitmap, shift := x.bitmap, x.shift&31
	for i := 0; i+4 <= len(low); i++ {
		g := binary.LittleEndian.Uint32(low[i:])
		h := hash(g) >> shift
		if bitmap[h>>6]&(1<<(h&63)) == 0 {
			continue
		}
		b := &x.table[x.place(g)]
		for j := b.start; j < b.end; j++ {
			e := &x.entries[j]
			start := i - int(e.at)
			if start < 0 || start+len(e.lit) > len(low) || view(low[start:start+len(e.lit)]) != view(e.lit) {
				continue
			}
			s.hit(e)
		}
	}
}
