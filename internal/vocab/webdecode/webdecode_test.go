package webdecode

import (
	"bytes"
	"testing"
)

func TestDecode(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := string(Decode([]byte("kept "), in)); got != "kept "+want {
			t.Errorf("Decode(%q) = %q, want %q", in, got, "kept "+want)
		}
	}
	f("/plain/path?a=1", "/plain/path?a=1")
	f("/A%2e%2E/", "/a../")
	f("/%252e%252e%252f", "/../")
	f("/..%c0%af..%e0%80%afetc", "/../../etc")
	f("/%uff0e%uFF0E/", "/../")
	f("?q=%EF%BC%9Cscript%EF%BC%9E", "?q=<script>")
	f("?q=1'+UNION%09SELECT/**/1", "?q=1' union select 1")
	f("?q=un/*x*/ion", "?q=un ion")
	f("?q=/*!50000union*/", "?q=/*!50000union*/")
	f("?q=%26lt;script%26%23x3e;&#0000111;", "?q=<script>o")
	f(`?q=\x3cscript\u003e\u4e2d\xff\x0`, `?q=<script>\u4e2d\xff\x0`)
	f("?u=http://%E2%91%A0%E2%91%A1%E2%93%AA.%E2%93%9Bo%E2%92%B8al", "?u=http://120.local")
	f("a%00b", "ab")
	f("%ef%BC0", "\xef\xbc0")
	f("%ef%bc", "\xef\xbc")
	f("100%", "100%")
	f("%zz%4", "%zz%4")
	f("%E5%8F%B0", "\u53f0")
	f("%u53f0", "\u53f0")
	f("", "")
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"/a%2e%u002e%c0%ae&#x41;+", "%%%uuu&#&lt", "\xc0", "%ef%bc", "/*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Decode(nil, s)
		if len(got) > len(s)+len(s)/2 {
			t.Errorf("%d bytes became %d", len(s), len(got))
		}
		if bytes.IndexByte(got, 0) >= 0 {
			t.Errorf("NUL survived in %q", got)
		}
		if string(Decode([]byte("x"), s)) != "x"+string(got) {
			t.Error("result depends on dst")
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	buf := make([]byte, 0, 512)
	for _, s := range []string{"/articles/dynamic-dns-with-dhcp/?flav=rss20", "/item.php?id=1%27%20UNION%20SELECT%20password%20FROM%20users--"} {
		b.Run(s[:9], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf = Decode(buf[:0], s)
			}
		})
	}
}
