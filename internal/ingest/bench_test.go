package ingest

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// accessLog returns about size bytes of web access lines and how many they are.
func accessLog(size int) ([]byte, int) {
	var b bytes.Buffer
	n := 0
	for ; b.Len() < size; n++ {
		fmt.Fprintf(&b, "198.51.100.%d - - [12/Dec/2023:08:%02d:%02d +0000] \"GET /articles/%d?page=%d HTTP/1.1\" 200 %d \"https://www.example.org/\" \"Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0\"\n",
			n%256, n/60%60, n%60, n%977, n%13, 1000+n%9000)
	}
	return b.Bytes(), n
}

func BenchmarkReadSplit(b *testing.B) {
	data, lines := accessLog(16 << 20)
	b.SetBytes(int64(len(data)))
	var block []byte
	seen := 0
	for b.Loop() {
		s := NewSplitter(bytes.NewReader(data), 0, false)
		for {
			c := s.Next(block)
			block = c.Block
			for rest := c.Lines; len(rest) > 0; {
				rest = rest[bytes.IndexByte(rest, '\n')+1:]
				seen++
			}
			if c.End == io.EOF {
				break
			}
		}
	}
	if seen != lines*b.N {
		b.Fatalf("%d lines, want %d", seen, lines*b.N)
	}
	b.ReportMetric(float64(seen)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(seen), "ns/line")
}
