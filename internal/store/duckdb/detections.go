package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math/big"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// The queries leave out what the store holds already. Equal IDs are equal
// findings and have equal times, which lets DuckDB skip most of the table.
const (
	insertDetections = `INSERT INTO detections SELECT a.* FROM appended_data a
		WHERE NOT EXISTS (SELECT 1 FROM detections d WHERE d.id = a.id AND d.time = a.time)`
	insertEvidence = `INSERT INTO evidence SELECT a.* FROM appended_data a
		WHERE NOT EXISTS (SELECT 1 FROM evidence e WHERE e.detection = a.detection AND e.ordinal = a.ordinal AND e.time = a.time)`
)

// checkDetection finds what cannot be stored.
func checkDetection(d *vedette.Detection) error {
	switch {
	case d.ID.IsZero():
		return fmt.Errorf("a detection of %q has no ID", d.Detector)
	case d.Severity > vedette.SeverityCritical:
		return fmt.Errorf("detection %s: severity %d is not a level", d.ID, uint8(d.Severity))
	case d.Stage > vedette.VerdictCompromise:
		return fmt.Errorf("detection %s: stage %d is not a verdict", d.ID, uint8(d.Stage))
	}
	return nil
}

// appendDetection adds d and its evidence; the order of columns is the tables'.
func appendDetection(t, evidence *table, d *vedette.Detection) error {
	for i := range d.Evidence {
		if err := appendEvidence(evidence, d.ID, i, &d.Evidence[i]); err != nil {
			return err
		}
	}
	t.id(0, d.ID)
	t.cols[1].int64(t.rows, micros(d.Time))
	t.cols[2].int64(t.rows, micros(d.LastTime))
	t.text(3, d.Detector)
	t.text(4, d.Rule)
	t.text(5, d.Title)
	t.cols[6].uint8(t.rows, uint8(d.Severity))
	t.text(7, strings.Join(d.Techniques, ","))
	t.text(8, d.CVE)
	t.cols[9].uint8(t.rows, uint8(d.Stage))
	t.cols[10].bool(t.rows, d.Effect)
	t.cols[11].int64(t.rows, int64(d.Confidence))
	t.cols[12].bool(t.rows, d.Weak)
	t.text(13, d.Tool)
	t.text(14, d.Organization)
	t.cols[15].addr(t.rows, d.Actor)
	t.text(16, d.ActorName)
	t.cols[17].addr(t.rows, d.Target)
	if d.TargetPort != 0 {
		t.cols[18].uint16(t.rows, d.TargetPort)
	}
	t.cols[19].uint8(t.rows, uint8(d.Role))
	t.text(20, d.Indicator)
	t.text(21, d.Summary)
	t.cols[22].int64(t.rows, d.Count)
	return t.next()
}

func appendEvidence(t *table, detection vedette.ID, ordinal int, ev *vedette.Evidence) error {
	t.id(0, detection)
	t.cols[1].int64(t.rows, int64(ordinal))
	t.id(2, ev.Event)
	t.cols[3].int64(t.rows, micros(ev.Time))
	t.id(4, ev.Source)
	t.text(5, ev.File)
	t.cols[6].int64(t.rows, ev.Line)
	t.cols[7].int64(t.rows, ev.Offset)
	t.text(8, ev.Original)
	return t.next()
}

// ReplaceDetections implements store.Store. Of detections with the same ID, one
// is kept.
func (s *Store) ReplaceDetections(ctx context.Context, detector string, ds []vedette.Detection) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	if err := s.replaceDetections(ctx, detector, ds); err != nil {
		return problem(fmt.Errorf("replace detections of %s: %w", detector, err), s.dir)
	}
	return nil
}

func (s *Store) replaceDetections(ctx context.Context, detector string, ds []vedette.Detection) error {
	for i := range ds {
		if err := checkDetection(&ds[i]); err != nil {
			return err
		}
		if ds[i].Detector != detector {
			return fmt.Errorf("detection %s is of %q", ds[i].ID, ds[i].Detector)
		}
	}
	w, err := s.detectionWriter()
	if err != nil {
		return err
	}
	defer w.close()
	if err := exec(w.conn, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	w.open = true
	name := "'" + strings.ReplaceAll(string(appendClean(nil, detector)), "'", "''") + "'"
	err = exec(w.conn, "DELETE FROM evidence WHERE detection IN (SELECT id FROM detections WHERE detector = "+name+")")
	if err == nil {
		err = exec(w.conn, "DELETE FROM detections WHERE detector = "+name)
	}
	if err == nil {
		err = errors.Join(ctx.Err(), w.appendDetections(ds))
	}
	if err == nil {
		err = errors.Join(w.detections.flush(), w.evidence.flush())
	}
	if err != nil {
		return err
	}
	if err := exec(w.conn, "COMMIT"); err != nil {
		return err
	}
	w.open = false
	return nil
}

// Detections implements store.Store.
func (s *Store) Detections(ctx context.Context) iter.Seq2[*vedette.Detection, error] {
	return func(yield func(*vedette.Detection, error) bool) {
		rows, err := s.pool.QueryContext(ctx, `SELECT d.id, d.time, d.last_time, d.detector, d.rule, d.title, d.severity, d.techniques, d.cve,
				d.stage, d.effect, d.confidence, d.weak, d.tool, d.organization, d.actor, d.actor_name, d.target, d.target_port,
				d.role, d.indicator, d.summary, d.count,
				e.ordinal, e.event, e.time, e.source, e.file, e.line, e.position, e.original
			FROM detections d LEFT JOIN evidence e ON e.detection = d.id ORDER BY d.time, d.id, e.ordinal`)
		if err != nil {
			yield(nil, problem(fmt.Errorf("read detections: %w", err), s.dir))
			return
		}
		defer rows.Close()
		var d *vedette.Detection // its evidence is still coming
		for rows.Next() {
			next, ev, err := scanDetection(rows)
			if err != nil {
				yield(nil, fmt.Errorf("read detections: %w", err))
				return
			}
			if d != nil && d.ID != next.ID {
				if !yield(d, nil) {
					return
				}
				d = nil
			}
			if d == nil {
				d = next
			}
			if ev != nil {
				d.Evidence = append(d.Evidence, *ev)
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, problem(fmt.Errorf("read detections: %w", err), s.dir))
			return
		}
		if d != nil {
			yield(d, nil)
		}
	}
}

// scanDetection reads a row: a detection and one piece of its evidence, or nil.
func scanDetection(rows *sql.Rows) (*vedette.Detection, *vedette.Evidence, error) {
	var (
		d                                                vedette.Detection
		ev                                               vedette.Evidence
		id                                               string
		techniques, event, source                        nullText
		at, last                                         time.Time
		evAt                                             sql.NullTime
		ordinal, line, position                          sql.NullInt64
		port                                             sql.NullInt32
		actor, target                                    any
		detector, rule, title, cve, tool, org, actorName nullText
		indicator, summary, file, original               nullText
	)
	err := rows.Scan(&id, &at, &last, &detector, &rule, &title, &d.Severity, &techniques, &cve, &d.Stage, &d.Effect, &d.Confidence, &d.Weak,
		&tool, &org, &actor, &actorName, &target, &port, &d.Role, &indicator, &summary, &d.Count,
		&ordinal, &event, &evAt, &source, &file, &line, &position, &original)
	if err != nil {
		return nil, nil, err
	}
	d.Time, d.LastTime = at.UnixNano(), last.UnixNano()
	d.Detector, d.Rule, d.Title, d.CVE, d.Tool = string(detector), string(rule), string(title), string(cve), string(tool)
	d.Organization, d.ActorName, d.Indicator, d.Summary = string(org), string(actorName), string(indicator), string(summary)
	d.TargetPort = uint16(port.Int32)
	if techniques != "" {
		d.Techniques = strings.Split(string(techniques), ",")
	}
	if n, ok := actor.(*big.Int); ok {
		d.Actor = vedette.AddrFromBig(n)
	}
	if n, ok := target.(*big.Int); ok {
		d.Target = vedette.AddrFromBig(n)
	}
	if err := parseID(&d.ID, id); err != nil {
		return nil, nil, err
	}
	err = checkDetection(&d)
	if !ordinal.Valid {
		return &d, nil, err
	}
	ev.Time, ev.File, ev.Line, ev.Offset, ev.Original = evAt.Time.UnixNano(), string(file), line.Int64, position.Int64, string(original)
	return &d, &ev, errors.Join(err, parseID(&ev.Event, string(event)), parseID(&ev.Source, string(source)))
}

// nullText reads NULL as "".
type nullText string

// Scan implements sql.Scanner.
func (t *nullText) Scan(v any) error {
	switch s := v.(type) {
	case nil:
		*t = ""
	case string:
		*t = nullText(s)
	default:
		return fmt.Errorf("a text column gave %T", v)
	}
	return nil
}
