// Package app puts the parts together. It is the only place that knows every
// implementation: the tables of decoders, detectors and renderers, the event
// store, and what the commands do with them.
package app

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/config"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/enrich"
	"github.com/vedette-cti/vedette/internal/enrich/geo"
	"github.com/vedette-cti/vedette/internal/enrich/owner"
	"github.com/vedette-cti/vedette/internal/ingest/file"
	"github.com/vedette-cti/vedette/internal/pipeline"
	"github.com/vedette-cti/vedette/internal/report"
	"github.com/vedette-cti/vedette/internal/vocab/indicator"
	"github.com/vedette-cti/vedette/internal/vocab/warninglist"
	"github.com/vedette-cti/vedette/rules"
)

//go:generate go run ./gen

// Options is what the commands that read telemetry have in common.
type Options struct {
	Constituency string   // path of the YAML file; empty: nobody is known
	GeoIP        []string // MMDB files
	Intel        []string // STIX bundles or lists of indicators
	Rules        []string // folders of Sigma rules beside our own
	Warninglists []string // MISP warning lists: JSON files, or folders of them
	Location     *time.Location
	Final        bool // take unterminated last lines as records
	Workers      int
	Exclude      []string // folders that are not telemetry, such as the store's
	Progress     func(pipeline.Progress)
	Log          *slog.Logger
}

// engine is what the options come to.
type engine struct {
	options      Options
	constituency *vedette.Constituency
	geo          *geo.Enricher
	lists        *warninglist.Set
	detectors    detect.Set
	config       pipeline.Config
}

// newEngine reads constituency, databases, intelligence and rules. Close it.
func newEngine(o Options) (*engine, error) {
	e := &engine{options: o, constituency: &vedette.Constituency{}}
	var err error
	if o.Constituency != "" {
		if e.constituency, err = config.LoadConstituency(o.Constituency); err != nil {
			return nil, err
		}
	}
	indicators, err := loadIntel(o.Intel, o.Log)
	if err != nil {
		return nil, err
	}
	if e.lists, err = loadWarninglists(o.Warninglists); err != nil {
		return nil, err
	}
	env := detect.Env{Rules: []fs.FS{rules.FS}, Indicators: indicators, Constituency: e.constituency}
	for _, dir := range o.Rules {
		if _, err := os.Stat(dir); err != nil {
			return nil, &vedette.Problem{Err: err, Hint: "--rules takes a folder of Sigma rules"}
		}
		env.Rules = append(env.Rules, os.DirFS(dir))
	}
	for _, p := range plugins {
		set, err := p.New(env)
		if err != nil {
			return nil, fmt.Errorf("detector %s: %w", p.Name, err)
		}
		e.detectors.Streams = append(e.detectors.Streams, set.Streams...)
		e.detectors.Windows = append(e.detectors.Windows, set.Windows...)
	}
	if e.geo, err = geo.Open(o.GeoIP); err != nil {
		return nil, err
	}
	e.config = pipeline.Config{
		Files:        &file.Opener{Exclude: o.Exclude},
		Formats:      Formats(),
		Enrichers:    []enrich.Enricher{owner.New(e.constituency)},
		Streams:      e.detectors.Streams,
		Organization: config.SourceOwner(e.constituency),
		Location:     o.Location,
		Final:        o.Final,
		Workers:      o.Workers,
		Progress:     o.Progress,
	}
	if len(o.GeoIP) > 0 {
		e.config.Enrichers = append(e.config.Enrichers, e.geo)
	}
	return e, nil
}

func (e *engine) close() { e.geo.Close() }

// lookup is nil-safe for engines without databases.
func (e *engine) lookup(a netip.Addr) *vedette.Geo { return e.geo.Lookup(a) }

// loadIntel reads every file of indicators, and says what could not be used.
func loadIntel(paths []string, log *slog.Logger) ([]vedette.Indicator, error) {
	var out []vedette.Indicator
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, &vedette.Problem{Err: err, Hint: "--intel takes STIX 2.1 bundles or lists with one indicator a line"}
		}
		result, err := indicator.Parse(f, filepath.Base(path))
		f.Close()
		if err != nil {
			return nil, err
		}
		out = append(out, result.Indicators...)
		if n := len(result.Skipped); n > 0 && log != nil {
			first := result.Skipped[0]
			log.Warn("indicators left out", "file", path, "count", n, "first", strings.TrimSpace(fmt.Sprintf("%s line %d", first.ID, first.Line)), "reason", first.Reason)
		}
	}
	return out, nil
}

// loadWarninglists reads every list; of a folder, all files that end in .json.
func loadWarninglists(paths []string) (*warninglist.Set, error) {
	var set warninglist.Set
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || name != path && filepath.Ext(name) != ".json" {
				return err
			}
			file, err := os.Open(name)
			if err != nil {
				return err
			}
			defer file.Close()
			if err := set.Read(file); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
		if err != nil {
			return nil, &vedette.Problem{Err: err, Hint: "--warninglist takes lists in the form of github.com/MISP/misp-warninglists"}
		}
	}
	return &set, nil
}

// Formats returns the registry of all log formats.
func Formats() *decode.Registry { return &decode.Registry{Formats: formats} }

// Renderer returns the renderer of that name.
func Renderer(name string) (report.Renderer, error) {
	var names []string
	for _, r := range renderers {
		if r.Name() == name {
			return r, nil
		}
		names = append(names, r.Name())
	}
	return nil, &vedette.Problem{
		Err:  fmt.Errorf("unknown form of output %q", name),
		Hint: "one of " + strings.Join(names, ", "),
	}
}

// Detect streams detections of paths to emit, storing nothing.
func Detect(ctx context.Context, o Options, paths []string, emit func(*vedette.Detection) error) (*pipeline.Result, error) {
	e, err := newEngine(o)
	if err != nil {
		return nil, err
	}
	defer e.close()
	return pipeline.Detect(ctx, e.config, paths, emit)
}

// Indicators reads files of indicators.
func Indicators(paths []string, log *slog.Logger) ([]vedette.Indicator, error) {
	return loadIntel(paths, log)
}
