package duckdb

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/vedette-cti/vedette"
)

// migrations holds one file a version of the schema, applied in order and
// never changed afterwards: a new column is a new file.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema to the newest version, each step in a transaction
// of its own.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	have, err := schemaVersion(ctx, db)
	if err != nil {
		return err
	}
	if have > len(files) {
		return &vedette.Problem{
			Err:  fmt.Errorf("open store: its schema has version %d, and this program knows %d", have, len(files)),
			Hint: "use the newer Vedette that wrote it, or another data folder",
		}
	}
	for i, name := range files[have:] {
		version := have + i + 1
		if prefix, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_"); prefix != fmt.Sprintf("%04d", version) {
			return fmt.Errorf("migration %s is not number %d", name, version)
		}
		if err := apply(ctx, db, name, version); err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
	}
	return checkColumns(ctx, db)
}

// schemaVersion returns 0 for a new file.
func schemaVersion(ctx context.Context, db *sql.DB) (int, error) {
	_, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL, applied TIMESTAMP NOT NULL)")
	if err != nil {
		return 0, err
	}
	var version int
	err = db.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM schema_version").Scan(&version)
	return version, err
}

func apply(ctx context.Context, db *sql.DB, name string, version int) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, string(text)); err != nil {
		return err
	}
	// The clock is UTC in DuckDB's epoch functions.
	_, err = tx.ExecContext(ctx, "INSERT INTO schema_version VALUES ("+strconv.Itoa(version)+", make_timestamp(epoch_us(now())))")
	if err != nil {
		return err
	}
	return tx.Commit()
}

// checkColumns makes sure that the events table is what the writer fills.
func checkColumns(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'events' AND NOT internal ORDER BY column_index")
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return err
		}
		if n >= len(eventFields) || eventFields[n].name != name || string(vedette.EventColumns[n].Type) != kind {
			return fmt.Errorf("the events table has a column %s %s at place %d that does not belong there", name, kind, n+1)
		}
	}
	if n != len(vedette.EventColumns) {
		return fmt.Errorf("the events table has %d columns instead of %d", n, len(vedette.EventColumns))
	}
	return rows.Err()
}
