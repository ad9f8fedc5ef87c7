package sigma

import (
	"unicode"
	"unicode/utf8"
	"unsafe"
)

var lowerASCII = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if i >= 'A' && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return t
}()

// fold appends s to dst in a form in which two texts that differ in letter case
// alone are equal. Bytes that are not UTF-8 stay as they are.
func fold(dst []byte, s string) []byte {
	n := len(dst)
	dst = append(dst, s...)
	b := dst[n:]
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return foldUnicode(dst[:n+i], s[i:])
		}
		b[i] = lowerASCII[c]
	}
	return dst
}

func foldUnicode(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			dst = append(dst, lowerASCII[c])
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[i])
		} else {
			// By way of upper case, letters with several lower-case forms
			// become one: long s, final sigma.
			dst = utf8.AppendRune(dst, unicode.ToLower(unicode.ToUpper(r)))
		}
		i += size
	}
	return dst
}

// view returns b as a string that shares its memory.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf returns the memory of s; it must not be written.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
