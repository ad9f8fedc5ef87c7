package storetest

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// killDir names the environment variable that makes the test a victim: it
// writes to the store in that folder until it is killed.
const killDir = "VEDETTE_STORETEST_KILL"

// testKill kills a writing process at random moments. What it said to be
// committed is there, once; of the rest, whole transactions or nothing.
func testKill(t *testing.T, open Open) {
	if dir := os.Getenv(killDir); dir != "" {
		victim(t, open(t, dir))
		return
	}
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	committed := int64(0)
	for range rounds {
		if n := runVictim(t, dir, time.Duration(r.IntN(60))*time.Millisecond); n > 0 {
			committed = n
		}
		s := open(t, dir)
		committed = verify(t, s, committed)
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		if t.Failed() {
			return
		}
	}
	if committed == 0 {
		t.Error("no victim lived long enough to commit anything")
	}
	t.Logf("%d lines committed before %d deaths", committed, rounds)
}

// runVictim starts a victim and kills it some time after its first commit. It
// returns the line up to which the victim said it had committed.
func runVictim(t *testing.T, dir string, grace time.Duration) (committed int64) {
	t.Helper()
	pattern := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := exec.Command(os.Args[0], "-test.run", pattern, "-test.timeout", "1m")
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	var other []string
	for sc := bufio.NewScanner(out); sc.Scan(); {
		if _, err := fmt.Sscanf(sc.Text(), "committed %d", &committed); err != nil {
			other = append(other, sc.Text())
		} else if !killed {
			killed = true
			time.AfterFunc(grace, func() { cmd.Process.Kill() })
		}
	}
	cmd.Wait()
	if !killed {
		t.Fatalf("the writing process ended by itself:\n%s", strings.Join(other, "\n"))
	}
	return committed
}

// victim writes transactions of one to three batches without end.
func victim(t *testing.T, s store.Store) {
	src := source(1)
	states, err := s.Sources(ctx)
	if err != nil {
		t.Fatal(err)
	}
	line := int64(0)
	if len(states) > 0 {
		line = states[0].Lines
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	for {
		n := []int{1, 10, 500, 2048, 5000}[r.IntN(5)]
		if r.IntN(10) == 0 {
			n = 60_000 // three of them are written to the file before their commit
		}
		for range 1 + r.IntN(3) {
			events := make([]vedette.Event, n)
			for i := range events {
				line++
				events[i] = vedette.Event{Line: line, Offset: line * 100, URL: fmt.Sprintf("/a/longer/path/%d", line), SourceIP: addr("198.51.100.7")}
			}
			b := batch(src, events...)
			b.Position = vedette.Position{Offset: line * 100, Lines: line}
			d := detection(0, line*100)
			d.ID[4], d.ID[5], d.ID[6], d.ID[7] = byte(line>>24), byte(line>>16), byte(line>>8), byte(line)
			b.Detections = []vedette.Detection{d}
			b.Rejects = []vedette.Reject{{Line: line, Reason: "bad"}}
			b.Ledger.Read++
			b.Ledger.Rejected++
			if err := s.Write(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("committed %d\n", line)
	}
}

// verify returns up to which line the store has everything once.
func verify(t *testing.T, s store.Store, committed int64) int64 {
	t.Helper()
	states, err := s.Sources(ctx)
	if err != nil || len(states) > 1 {
		t.Fatalf("Sources = %v, %v", states, err)
	}
	if len(states) == 0 {
		if committed > 0 {
			t.Fatalf("the source is lost, %d lines were committed", committed)
		}
		return 0
	}
	st := states[0]
	if st.Lines < committed {
		t.Errorf("committed up to line %d, the store stands at %d", committed, st.Lines)
	}
	for query, want := range map[string]int64{
		"SELECT count(*) FROM events":                                       st.Lines,
		"SELECT count(DISTINCT line) FROM events":                           st.Lines,
		"SELECT max(line) FROM events":                                      st.Lines,
		"SELECT count(*) FROM events WHERE url = '/a/longer/path/' || line": st.Lines,
		"SELECT count(*) FROM rejects":                                      st.Ledger.Rejected,
		"SELECT count(*) FROM detections":                                   st.Ledger.Rejected,
		"SELECT count(*) FROM evidence":                                     st.Ledger.Rejected,
	} {
		if got := count(t, s, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	if err := st.Ledger.Check(); err != nil || st.Ledger.Stored != st.Lines {
		t.Errorf("ledger %+v of %d lines: %v", st.Ledger, st.Lines, err)
	}
	return st.Lines
}
