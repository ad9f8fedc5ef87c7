// Package indicator reads indicators of compromise: STIX 2.1 bundles and plain
// lists. It knows values, not events.
//
// From a STIX pattern it takes the equality comparisons that stand alone or are
// joined by OR: each is enough to make the pattern true. A pattern that needs
// more (AND, FOLLOWEDBY, qualifiers, other operators) is reported as skipped,
// never shortened into something that it does not say.
package indicator

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/vedette-cti/vedette"
)

// Skipped is an entry that could not be used.
type Skipped struct {
	Line   int    // in a list; 0 in a bundle
	ID     string // STIX id
	Reason string
}

// Result is what a file held.
type Result struct {
	Indicators []vedette.Indicator
	Skipped    []Skipped
}

// Parse reads a STIX bundle or, if r does not begin with "{", a plain list.
// source is recorded in every indicator.
func Parse(r io.Reader, source string) (Result, error) {
	br := bufio.NewReader(r)
	for line := 1; ; {
		b, err := br.Peek(1)
		if err == io.EOF {
			return Result{}, nil
		}
		if err != nil {
			return Result{}, err
		}
		if bytes.ContainsAny(b, " \t\r\n") {
			if b[0] == '\n' {
				line++
			}
			br.Discard(1)
			continue
		}
		if b[0] == '{' {
			return parseBundle(br, source)
		}
		return parseList(br, source, line)
	}
}

// parseList reads one value a line. A comment starts with # or //, at the start
// of the line or after white space; commas, semicolons or tabs end the value.
func parseList(r io.Reader, source string, line int) (Result, error) {
	var out Result
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := line; s.Scan(); n++ {
		value := strings.TrimSpace(strings.TrimPrefix(s.Text(), "\ufeff"))
		if i := strings.IndexAny(value, ",;\t"); i >= 0 && !strings.Contains(value, "://") {
			value = strings.TrimSpace(value[:i])
		}
		if i := strings.Index(value, " #"); i >= 0 {
			value = strings.TrimSpace(value[:i])
		}
		if value == "" || value[0] == '#' || strings.HasPrefix(value, "//") {
			continue
		}
		ind, err := Recognize(value)
		if err != nil {
			out.Skipped = append(out.Skipped, Skipped{Line: n, Reason: err.Error()})
			continue
		}
		ind.Source, ind.Confidence = source, 50
		out.Indicators = append(out.Indicators, ind)
	}
	return out, s.Err()
}

var (
	hexadecimal = regexp.MustCompile(`^[0-9A-Fa-f]+$`)
	domainName  = regexp.MustCompile(`^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}$`)
	refang      = strings.NewReplacer("[.]", ".", "(.)", ".", "[:]", ":", "hxxp", "http", "hXXp", "http", "[at]", "@")
)

// Recognize tells what kind of indicator a bare value is, and brings it into
// canonical form. Defanged values (198.51.100[.]7, hxxp://) are accepted.
func Recognize(value string) (vedette.Indicator, error) {
	value = refang.Replace(strings.TrimSpace(value))
	if a, err := netip.ParseAddr(strings.Trim(value, "[]")); err == nil {
		return Make(vedette.IndicatorAddress, a.Unmap().WithZone("").String())
	}
	if strings.Contains(value, "://") {
		return Make(vedette.IndicatorURL, value)
	}
	if _, err := netip.ParsePrefix(value); err == nil {
		return Make(vedette.IndicatorNetwork, value)
	}
	if (len(value) == 32 || len(value) == 40 || len(value) == 64) && hexadecimal.MatchString(value) {
		return Make(vedette.IndicatorHash, value)
	}
	if host, _, ok := strings.Cut(value, "/"); ok && domainName.MatchString(strings.ToLower(host)) {
		return Make(vedette.IndicatorURL, "http://"+value)
	}
	return Make(vedette.IndicatorDomain, value)
}

// Make returns an indicator of a known type in canonical form: lower-case
// names and hashes, masked networks, URLs without fragment.
func Make(kind vedette.IndicatorType, value string) (vedette.Indicator, error) {
	ind := vedette.Indicator{Type: kind}
	switch kind {
	case vedette.IndicatorAddress:
		a, err := netip.ParseAddr(value)
		if err != nil {
			return ind, fmt.Errorf("%q is not an address", value)
		}
		ind.Value = a.Unmap().String()
	case vedette.IndicatorNetwork:
		p, err := netip.ParsePrefix(value)
		if err != nil {
			return ind, fmt.Errorf("%q is not a network", value)
		}
		if p.IsSingleIP() {
			return Make(vedette.IndicatorAddress, p.Addr().String())
		}
		if p.Bits() == 0 {
			return ind, fmt.Errorf("%q is the whole internet", value)
		}
		ind.Value = p.Masked().String()
	case vedette.IndicatorDomain:
		ind.Value = strings.ToLower(strings.TrimPrefix(strings.TrimSuffix(value, "."), "*."))
		if !domainName.MatchString(ind.Value) {
			return ind, fmt.Errorf("%q is not an address, network, domain name, URL or hash", value)
		}
	case vedette.IndicatorURL:
		u, err := url.Parse(value)
		if err != nil || u.Host == "" {
			return ind, fmt.Errorf("%q is not a URL", value)
		}
		ind.Value = CanonicalURL(u.Host, u.RequestURI())
	case vedette.IndicatorHash:
		if n := len(value); n != 32 && n != 40 && n != 64 || !hexadecimal.MatchString(value) {
			return ind, fmt.Errorf("%q is not an MD5, SHA-1 or SHA-256 hash", value)
		}
		ind.Value = strings.ToLower(value)
	}
	return ind, nil
}

// CanonicalURL joins a host and a path with query into the form in which URL
// indicators are compared: without scheme and port, host in lower case.
func CanonicalURL(host, pathAndQuery string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	if pathAndQuery == "" {
		pathAndQuery = "/"
	}
	return strings.ToLower(host) + pathAndQuery
}
