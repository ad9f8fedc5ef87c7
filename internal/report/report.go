// Package report renders assessments. A form is one folder below this one; it
// exports a variable Renderer and is listed in the table that internal/app
// generates.
package report

import (
	"io"

	"github.com/vedette-cti/vedette"
)

// Renderer writes an assessment in one form. It keeps no state and may be used
// by several goroutines at a time.
type Renderer interface {
	Name() string      // as given to --output
	MediaType() string // of what Render writes
	Render(w io.Writer, a *vedette.Assessment, o Options) error
}

// Options is what a reader may ask of the output.
type Options struct {
	Color   bool // terminal colors
	Columns int  // width of the terminal, 0: 100
	Verbose bool // more evidence
}
