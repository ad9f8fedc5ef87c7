// Package html renders an assessment as one page for people who read no logs:
// a director, a ministry, the board. The page is a single file that needs no
// network and no script, prints on A4, and follows the reader's color scheme.
//
// Log lines are the attacker's text. Every value goes through html/template,
// characters that could reorder or hide text are spelled out, and the page
// forbids itself everything but its own style sheet. The page is bounded:
// what is cut is counted, and the JSON form has it all.
package html

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strconv"
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/report"
)

// Renderer is the renderer for the table of renderers.
var Renderer report.Renderer = renderer{}

type renderer struct{}

// Name implements report.Renderer.
func (renderer) Name() string { return "html" }

// MediaType implements report.Renderer.
func (renderer) MediaType() string { return "text/html; charset=utf-8" }

//go:embed page.gohtml
var pageText string

//go:embed clusters.gohtml
var clustersText string

//go:embed brief.gohtml
var briefText string

//go:embed style.css
var styleText string

//go:embed attack.tsv
var attackText string

var (
	document   = parse(pageText, clustersText, briefText)
	techniques = parseTechniques(attackText)
	policy     = contentPolicy(styleText)
)

func parse(texts ...string) *template.Template {
	t := template.New("page").Funcs(functions)
	for _, text := range texts {
		template.Must(t.Parse(text))
	}
	return t
}

var functions = template.FuncMap{
	"px":       px,
	"date":     date,
	"stamp":    stamp,
	"isoTime":  isoTime,
	"count":    count,
	"victims":  func(label string, list []entry) victims { return victims{label, list} },
	"verdicts": func() []vedette.Verdict { return worstFirst },
}

// victims is a table of organizations and what it is called.
type victims struct {
	Label string
	List  []entry
}

// count writes a whole number of either size for people.
func count(n any) string {
	if i, ok := n.(int); ok {
		return thousands(int64(i))
	}
	return thousands(n.(int64))
}

// worstFirst is the order of the ladder for people.
var worstFirst = []vedette.Verdict{
	vedette.VerdictCompromise, vedette.VerdictAttempt, vedette.VerdictReconnaissance, vedette.VerdictNone,
}

// Render implements report.Renderer. Nothing is written unless the whole page
// could be made.
func (renderer) Render(w io.Writer, a *vedette.Assessment, _ report.Options) error {
	var b bytes.Buffer
	if err := document.Execute(&b, newView(a)); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// contentPolicy allows the page its own style sheet, by hash, and nothing else
// (Content Security Policy Level 3, section 6.7.3.3).
func contentPolicy(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

func parseTechniques(text string) map[string]string {
	names := make(map[string]string)
	for line := range strings.Lines(text) {
		if id, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok {
			names[id] = name
		}
	}
	return names
}

// px writes a coordinate with one decimal at most.
func px(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}
