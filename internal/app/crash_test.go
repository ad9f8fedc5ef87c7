package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/simulate"
)

// program is the built command, run as users run it.
type program struct {
	t    *testing.T
	path string
	in   string // folder of constituency.yaml and logs
}

// buildProgram builds the command and telemetry for it.
func buildProgram(t *testing.T) *program {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs SIGKILL and tmpfs")
	}
	dir := t.TempDir()
	p := &program{t: t, path: filepath.Join(dir, "vedette"), in: filepath.Join(dir, "in")}
	build := exec.Command("go", "build", "-o", p.path, "./cmd/vedette")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	err := simulate.Run(t.Context(), simulate.Options{Seed: 7, Organizations: 12, Days: 60, Scale: 0.8, Out: p.in})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		p.bulk(i)
	}
	return p
}

// bulk writes a Zeek log that is large by its comments. A transaction ends with
// so many bytes of content, so a run has as many more commits as there are such
// files, spread over its length by their names.
func (p *program) bulk(i int) {
	const (
		records = 3000
		content = 70 << 20
		header  = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n" +
			"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\n" +
			"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\n"
	)
	t := p.t
	t.Helper()
	dir := filepath.Join(p.in, "logs", fmt.Sprintf("%c-bulk", "afkpz"[i]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(dir, "conn.log.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	comment := "#" + strings.Repeat(" padding", content/records/8) + "\n"
	_, err = io.WriteString(z, header)
	for n := 0; n < records && err == nil; n++ {
		_, err = fmt.Fprintf(z, "%s%d.%06d\tCsim%d%d\t240.%d.%d.7\t%d\t198.18.0.10\t443\ttcp\tssl\t0.5\t120\t3400\tSF\n",
			comment, 1700000000+n*300, n, i, n, i, n%256, 1024+n)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
}

// command returns the program about to analyze everything into data.
func (p *program) command(data string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	cmd = exec.Command(p.path, "analyze", "--constituency", filepath.Join(p.in, "constituency.yaml"),
		"--geoip", filepath.Join(p.in, "geo", "simulated-city.mmdb"), "--geoip", filepath.Join(p.in, "geo", "simulated-asn.mmdb"),
		"--data", data, "--output", "json", filepath.Join(p.in, "logs"))
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// finish runs the program to its end.
func (p *program) finish(data string) (assessment string) {
	p.t.Helper()
	cmd, stdout, stderr := p.command(data)
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("%v\n%s", err, stderr)
	}
	return stdout.String()
}

// picture is all that must not depend on how often a run was broken off.
type picture struct {
	Sources    []string // path, format, organization, how far it was read, ledger
	Events     string   // count, and a sum of hashes over all columns
	Rejects    string
	Detections []string
	Assessment string
}

// look takes the picture of a store that no process has open.
func look(t *testing.T, data, assessment string) picture {
	t.Helper()
	ctx := context.Background()
	st, err := OpenExisting(ctx, data)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	states, err := st.Sources(ctx)
	if err != nil {
		t.Fatal(err)
	}
	out := picture{Assessment: assessment}
	for _, s := range states {
		if err := s.Ledger.Check(); err != nil {
			t.Errorf("%s: %v", s.Path, err)
		}
		out.Sources = append(out.Sources, fmt.Sprintf("%s %s %q %d %d %+v", s.Path, s.Format, s.Organization, s.Offset, s.Lines, s.Ledger))
	}
	for d, err := range st.Detections(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		out.Detections = append(out.Detections, fmt.Sprint(d.ID, d.Detector, d.Rule, d.Count, len(d.Evidence)))
	}
	// A source's number may depend on which worker came first; its identity
	// does not.
	out.Events = sums(t, st, "events", vedette.EventColumns)
	out.Rejects = sums(t, st, "rejects", []vedette.Column{{Name: "source"}, {Name: "line"}, {Name: "position"}, {Name: "reason"}, {Name: "record"}})
	return out
}

// sums counts the rows of a table and adds up their hashes.
func sums(t *testing.T, st vedette.EventStore, table string, columns []vedette.Column) string {
	t.Helper()
	var names []string
	for _, c := range columns {
		if c.Name == "source" {
			names = append(names, "s.identity")
		} else {
			names = append(names, "x."+c.Name)
		}
	}
	rows, err := st.QueryContext(context.Background(), fmt.Sprintf(
		`SELECT count(*), CAST(coalesce(sum(hash(%s)), 0) AS VARCHAR) FROM %s x JOIN sources s ON s.seq = x.source`,
		strings.Join(names, ", "), table))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var n int64
	var sum string
	for rows.Next() {
		if err := rows.Scan(&n, &sum); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprint(n, " ", sum)
}

// same compares without flooding the log.
func same(t *testing.T, what string, got, want picture) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s: differs from an undisturbed run (-want +got):\n%.4000s", what, diff)
	}
}

// TestKill kills the program at random moments of its work, from its start to
// its end, and starts it again: what it says in the end, and what it has
// stored, is what an undisturbed run says and stores.
func TestKill(t *testing.T) {
	p := buildProgram(t)
	start := time.Now()
	calm := filepath.Join(t.TempDir(), "calm")
	assessment := p.finish(calm)
	length := time.Since(start)
	want := look(t, calm, assessment)
	if n := len(want.Detections); n < 100 {
		t.Fatalf("only %d detections: the test proves nothing", n)
	}
	t.Logf("undisturbed: %v, %d sources, events %s, %d detections", length.Round(time.Millisecond), len(want.Sources), want.Events, len(want.Detections))

	kills := 30
	if testing.Short() {
		kills = 5
	}
	r := rand.New(rand.NewPCG(1, 30))
	for done, lap := 0, 1; done < kills; lap++ {
		data := filepath.Join(t.TempDir(), "data")
		n, assessment := p.killed(data, kills-done, func() time.Duration { return time.Duration(r.Int64N(int64(length))) })
		same(t, fmt.Sprintf("lap %d, %d kills", lap, n), look(t, data, assessment), want)
		t.Logf("lap %d: %d kills, the same in the end", lap, n)
		done += n
		if done == kills {
			same(t, "run again when all was done", look(t, data, p.finish(data)), want)
		}
		os.RemoveAll(data)
	}
}

// killed runs the program into data until it ends, at first killing it after
// delays, at most so many times. It returns how many kills there were and what
// the last run said.
func (p *program) killed(data string, most int, delay func() time.Duration) (kills int, assessment string) {
	for kills < most {
		cmd, stdout, stderr := p.command(data)
		start := time.Now()
		if err := cmd.Start(); err != nil {
			p.t.Fatal(err)
		}
		timer := time.AfterFunc(delay(), func() { cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		if err == nil {
			return kills, stdout.String()
		}
		if cmd.ProcessState.ExitCode() != -1 { // not by a signal
			p.t.Fatalf("after %d kills: %v\n%s", kills, err, stderr)
		}
		kills++
		store, _ := os.Stat(filepath.Join(data, "vedette.duckdb")) // nil before it is made
		log, _ := os.Stat(filepath.Join(data, "vedette.duckdb.wal"))
		p.t.Logf("killed after %v; the store has %d KiB, its log %d KiB", time.Since(start).Round(time.Millisecond), kibibytes(store), kibibytes(log))
	}
	return kills, p.finish(data)
}

func kibibytes(info os.FileInfo) int64 {
	if info == nil {
		return 0
	}
	return info.Size() >> 10
}

// TestDiskFull lets the disk run full at several points of the work: the
// program says so, and goes on when there is space.
func TestDiskFull(t *testing.T) {
	if os.Geteuid() != 0 || runtime.GOOS != "linux" {
		t.Skip("mounts a small file system: needs root on Linux")
	}
	p := buildProgram(t)
	calm := filepath.Join(t.TempDir(), "calm")
	want := look(t, calm, p.finish(calm))
	info, err := os.Stat(filepath.Join(calm, "vedette.duckdb"))
	if err != nil {
		t.Fatal(err)
	}

	data := t.TempDir()
	size := func(n int64) string { return fmt.Sprintf("size=%dk", n>>10) }
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", size(info.Size()/8), "tmpfs", data).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	defer func() {
		if out, err := exec.Command("umount", data).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	}()
	full := 0
	for _, eighths := range []int64{1, 3, 5, 7, 32} {
		if out, err := exec.Command("mount", "-o", "remount,"+size(info.Size()*eighths/8), data).CombinedOutput(); err != nil {
			t.Fatalf("mount: %v: %s", err, out)
		}
		cmd, stdout, stderr := p.command(data)
		err := cmd.Run()
		if err == nil {
			same(t, fmt.Sprintf("after %d times a full disk", full), look(t, data, stdout.String()), want)
			continue
		}
		full++
		t.Logf("%d/8 of the space: %s", eighths, stderr)
		message := stderr.String()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(message, "\nerror: ") && !strings.HasPrefix(message, "error: ") ||
			!strings.Contains(message, "is full") || !strings.Contains(message, "\nhint: free space") || strings.Contains(message, "goroutine ") {
			t.Errorf("exit status %d and no clear message:\n%s", cmd.ProcessState.ExitCode(), message)
		}
		if stdout.Len() > 0 {
			t.Errorf("an assessment of half of the telemetry was printed: %.200s", stdout)
		}
		if eighths == 32 {
			t.Fatal("failed with more than enough space")
		}
	}
	if full == 0 {
		t.Error("the disk was never full: the test proves nothing")
	}
}
