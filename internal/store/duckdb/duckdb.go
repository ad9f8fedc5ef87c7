// Package duckdb is the embedded event store: one DuckDB file in a folder, no
// server. Do not use it for several writing processes: the file belongs to one
// process at a time, and to one writing goroutine in it.
//
// # Tables
//
// Besides events (vedette.EventColumns) there are, for read-only SQL:
//
//	sources     seq UINTEGER       what events.source and rejects.source name
//	            identity VARCHAR   vedette.ID in hexadecimal
//	            path, format, organization, copy_of VARCHAR
//	            position, lines BIGINT; head VARCHAR, head_length BIGINT;
//	            tail VARCHAR, tail_length BIGINT; size BIGINT;
//	            modified TIMESTAMP_NS; state BLOB       vedette.Position
//	            read, stored, duplicate, rejected BIGINT   vedette.Ledger
//	rejects     source UINTEGER, line BIGINT, position BIGINT, reason VARCHAR,
//	            record BLOB
//	detections  id VARCHAR; time, last_time TIMESTAMP; detector, rule, title
//	            VARCHAR; severity UTINYINT (vedette.Severity: 0 informational
//	            to 4 critical); techniques VARCHAR (comma-separated); cve
//	            VARCHAR; stage UTINYINT (vedette.Verdict: 0 none to 3
//	            compromise); effect BOOLEAN; confidence BIGINT;
//	            weak BOOLEAN; tool, organization VARCHAR; actor UHUGEINT;
//	            actor_name VARCHAR; target UHUGEINT; target_port USMALLINT;
//	            role UTINYINT (bits of vedette.Role); indicator, summary
//	            VARCHAR; count BIGINT
//	evidence    detection VARCHAR (detections.id), ordinal BIGINT (from 0),
//	            event VARCHAR, time TIMESTAMP, source VARCHAR (sources.identity),
//	            file VARCHAR, line BIGINT, position BIGINT, original VARCHAR
//	clusters    id VARCHAR; first_seen, last_seen TIMESTAMP; merged_into VARCHAR
//	            of the last assessment and before (vedette.ClusterState)
//	cluster_members  cluster, member VARCHAR
//	cluster_history  cluster VARCHAR, ordinal BIGINT (from 0), time TIMESTAMP,
//	            kind, other VARCHAR, members BIGINT
//
// Text that is empty and numbers that are unknown are NULL. Times have
// microseconds. Bytes that are not UTF-8 are kept as the text \xNN, except in
// blobs. In events.rest a key that the source repeated is repeated; DuckDB's
// JSON functions and [vedette.Event.Get] both take the first. Of an event's
// geolocation only country and AS number are kept, and its ID is not.
//
// # Durability
//
// A commit is one DuckDB transaction, fsynced before Commit returns. Rows of a
// large transaction go to the file compressed, before the commit makes them
// valid; what a killed process leaves behind is never seen and its space is
// used again.
package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	driver "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// FileName is the database's name in its folder. Beside it are, while it is
// open, its log and a folder for results that do not fit into memory.
const FileName = "vedette.duckdb"

const tempName = FileName + ".tmp"

// Options tune the engine. The zero value is good.
type Options struct {
	MemoryLimit int64 // bytes that DuckDB may use; 0: 512 MiB
	// Threads is how many threads DuckDB may use for one query; 0: one, the
	// caller's. More make long queries faster and writing slower, since the
	// writer spins while a second thread does its work. Queries of several
	// goroutines run side by side in any case.
	Threads int
}

const (
	defaultMemory = 512 << 20
	// storageVersion is the file format: the newest compression (DICT_FSST for
	// text) is worth a quarter of the time and of the space.
	storageVersion = "latest"
	// checkpointThreshold is how large the log of small transactions grows
	// before it is merged into the file: often is slow, seldom makes for a
	// slow start after a kill.
	checkpointThreshold = "128MiB"
)

// Store implements store.Store.
type Store struct {
	dir     string
	pool    *sql.DB          // readers, Rename and ReplaceDetections
	db      mapping.Database // the writer's handle of the same instance
	w       *writer
	seqs    seqCache
	changes sync.Mutex // one Rename, ReplaceDetections or Branch at a time

	branches []*writer
}

var (
	_ store.Store    = (*Store)(nil)
	_ store.Brancher = (*Store)(nil)
)

// openFiles holds the files that this process has open: DuckDB would share one
// instance between two stores, which both believed to be the only writer.
var openFiles = struct {
	sync.Mutex
	files map[string]bool
}{files: make(map[string]bool)}

// Open opens the store in dir, which must exist, creating it if it is empty
// and bringing an older one up to date. Errors for people are of type
// *vedette.Problem: another process has the store, its file is not a store, or
// a newer Vedette wrote it.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	path := filepath.Join(dir, FileName)
	if strings.ContainsAny(path, "?%#") { // the driver takes the path as a URL
		return nil, &vedette.Problem{Err: fmt.Errorf("open store: the path %q contains ?, %% or #", dir),
			Hint: "choose a folder whose path has none of these characters"}
	}
	if err := claim(path); err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	if err := s.open(ctx, path, o); err != nil {
		s.Close()
		return nil, problem(fmt.Errorf("open store: %w", err), dir)
	}
	return s, nil
}

// claim marks the file as open in this process.
func claim(path string) error {
	openFiles.Lock()
	defer openFiles.Unlock()
	if openFiles.files[path] {
		return &vedette.Problem{Err: fmt.Errorf("open store: %s is open in this process already", path),
			Hint: "close the other store first"}
	}
	openFiles.files[path] = true
	return nil
}

func (s *Store) open(ctx context.Context, path string, o Options) error {
	connector, err := driver.NewConnector(path+"?storage_compatibility_version="+storageVersion, nil)
	if err != nil {
		return err
	}
	s.pool = sql.OpenDB(connector)
	if err := configure(ctx, s.pool, filepath.Dir(path), o); err != nil {
		return err
	}
	if err := migrate(ctx, s.pool); err != nil {
		return err
	}
	if err := s.connect(path); err != nil {
		return err
	}
	if err := s.seqs.load(ctx, s.pool); err != nil {
		return err
	}
	s.w, err = s.newWriter()
	return err
}

// configure sets what holds for the whole instance.
func configure(ctx context.Context, db *sql.DB, dir string, o Options) error {
	if err := os.RemoveAll(filepath.Join(dir, tempName)); err != nil { // what a killed process left
		return err
	}
	if o.MemoryLimit == 0 {
		o.MemoryLimit = defaultMemory
	}
	if o.Threads == 0 {
		o.Threads = 1
	}
	for _, q := range []string{
		fmt.Sprintf("SET GLOBAL memory_limit = '%dB'", o.MemoryLimit),
		fmt.Sprintf("SET GLOBAL threads = %d", o.Threads),
		"SET GLOBAL temp_directory = '" + strings.ReplaceAll(filepath.Join(dir, tempName), "'", "''") + "'",
		"SET GLOBAL preserve_insertion_order = false",
		"SET GLOBAL checkpoint_threshold = '" + checkpointThreshold + "'",
		"SET GLOBAL autoinstall_known_extensions = false",
		"SET GLOBAL autoload_known_extensions = false",
		"SET GLOBAL enable_external_access = false", // queries reach this file, nothing else
		"SET GLOBAL lock_configuration = true",
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// connect opens the instance for writers. The driver keeps its own connections
// to itself, but gives access to the cache of instances, where the open one is
// found by its path.
func (s *Store) connect(path string) error {
	var config mapping.Config
	if mapping.CreateConfig(&config) == mapping.StateError {
		return errNative("cannot make a configuration")
	}
	defer mapping.DestroyConfig(&config)
	// The same as the driver's: the cache compares.
	mapping.SetConfig(config, "duckdb_api", "go")
	mapping.SetConfig(config, "storage_compatibility_version", storageVersion)
	var msg string
	if mapping.GetOrCreateFromCache(driver.GetInstanceCache(), path, &s.db, config, &msg) == mapping.StateError {
		return errNative(msg)
	}
	return nil
}

// QueryContext implements detect.EventStore. It sees committed data and runs
// beside an open transaction. Do not write with it.
func (s *Store) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.pool.QueryContext(ctx, query, args...)
}

// Size returns how many bytes the store takes on disk.
func (s *Store) Size() (int64, error) {
	var sum int64
	for _, name := range []string{FileName, FileName + ".wal"} {
		info, err := os.Stat(filepath.Join(s.dir, name))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("size of store: %w", err)
		}
		sum += info.Size()
	}
	return sum, nil
}

// Close abandons what was not committed and closes the store. No other method
// may be running, and no iteration open.
func (s *Store) Close() error {
	if s.w != nil {
		s.w.close()
		s.w = nil
	}
	for _, w := range s.branches {
		w.close()
	}
	s.branches = nil
	mapping.Close(&s.db)
	var err error
	if s.pool != nil {
		err = s.pool.Close()
	}
	openFiles.Lock()
	defer openFiles.Unlock()
	delete(openFiles.files, filepath.Join(s.dir, FileName))
	return err
}
