// Command bench is what bench.sh measures the whole program with: it makes
// telemetry of any size, reads it as plainly as one can, and runs a command
// while watching what it uses. It imports nothing of Vedette, so that no part of
// it can be fast because of a shortcut shared with the program.
//
//	bench gen -out DIR -events N [-addresses N] [-seed N] [-only web|conn|dns|ssh]
//	bench split PATH...
//	bench run [-label TEXT] [-events N] COMMAND ARGUMENT...
//
// The telemetry is made up: addresses come from ranges that belong to nobody
// (240.0.0.0/4, RFC 1112; 198.18.0.0/15, RFC 2544), names end in .example.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fail(errors.New("want gen, split or run"))
	}
	var err error
	switch command, args := os.Args[1], os.Args[2:]; command {
	case "gen":
		err = gen(args)
	case "split":
		err = split(args)
	case "run":
		err = run(args)
	default:
		err = fmt.Errorf("unknown command %q: want gen, split or run", command)
	}
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(1)
}

// gen reads its flags and makes telemetry.
func gen(args []string) error {
	var o options
	f := flag.NewFlagSet("gen", flag.ExitOnError)
	f.StringVar(&o.out, "out", "", "folder to write to")
	f.Int64Var(&o.events, "events", 1_000_000, "number of records in all")
	f.IntVar(&o.addresses, "addresses", 50_000, "number of distinct outside addresses")
	f.Uint64Var(&o.seed, "seed", 1, "number that decides everything")
	f.StringVar(&o.only, "only", "", "one kind of log: web, conn, dns or ssh (default: all)")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.out == "" {
		return errors.New("gen: -out missing")
	}
	return generate(o)
}

// split reads files from beginning to end, splits them into lines and counts
// both: the rate that no program which reads lines can exceed.
func split(paths []string) error {
	var files int
	var lines, size int64
	buffer := make([]byte, 1<<20)
	start := time.Now()
	for _, root := range paths {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			files++
			n, b, err := splitFile(path, buffer)
			lines += n
			size += b
			return err
		})
		if err != nil {
			return err
		}
	}
	report("read and split alone, one core", lines, size, time.Since(start))
	return nil
}

func splitFile(path string, buffer []byte) (lines, size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	r := bufio.NewReaderSize(file, len(buffer))
	for {
		line, err := r.ReadSlice('\n')
		size += int64(len(line))
		if n := len(line); n > 0 && line[n-1] == '\n' {
			line = bytes.TrimRight(line, "\r\n")
			if len(line) > 0 {
				lines++
			}
		}
		if err == io.EOF {
			return lines, size, nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return lines, size, err
		}
	}
}

// report prints one figure: what, how much, how long, how fast.
func report(label string, n, size int64, took time.Duration) {
	fmt.Printf("%-42s %10d events %8.2f s %10.0f events/s", label, n, took.Seconds(), float64(n)/took.Seconds())
	if size > 0 {
		fmt.Printf(" %7.1f MB/s", float64(size)/1e6/took.Seconds())
	}
	fmt.Println()
}

// run runs a command, throws its output away, and says what it used.
func run(args []string) error {
	f := flag.NewFlagSet("run", flag.ExitOnError)
	label := f.String("label", "", "name of the figure")
	events := f.Int64("events", 0, "number of records that the command reads")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() == 0 {
		return errors.New("run: no command")
	}
	cmd := exec.Command(f.Arg(0), f.Args()[1:]...)
	cmd.Stderr = os.Stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", f.Arg(0), err)
	}
	took := time.Since(start)
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	fmt.Printf("%-42s %10d events %8.2f s %10.0f events/s %8.2f s of processor", *label, *events, took.Seconds(), float64(*events)/took.Seconds(), cpu.Seconds())
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		fmt.Printf(" %6d MiB at most", usage.Maxrss>>10) // KiB on Linux
	}
	fmt.Println()
	return nil
}
