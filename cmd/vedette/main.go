// Command vedette tells, from the telemetry of many organizations, who is at
// the gate, who got in, and what proves it.
//
// Results go to standard output, progress and messages to standard error. The
// exit status is 0 for success, 1 for failure, 2 for wrong usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/vedette-cti/vedette"
)

// gcPercent is how much the heap may grow between collections, unless GOGC says
// otherwise. The engine's memory is not Go's, and the hot path allocates nothing:
// collecting often costs little and keeps the peak near what is in use.
const gcPercent = 20

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// errUsage marks errors in how a command was called.
var errUsage = errors.New("usage")

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "vedette",
		Short:         "Perimeter threat intelligence from the telemetry of many organizations",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(analyzeCommand(), detectCommand(), huntCommand(), ledgerCommand(), rulesCommand(), simulateCommand(), versionCommand())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	usage := errors.Is(err, errUsage) || strings.HasPrefix(err.Error(), "unknown command")
	message := strings.TrimPrefix(err.Error(), errUsage.Error()+": ")
	if errors.Is(err, context.Canceled) {
		message = "interrupted; what was committed stays, and the next run goes on there"
	}
	fmt.Fprintln(stderr, "error:", message)
	var p *vedette.Problem
	if errors.As(err, &p) && p.Hint != "" {
		fmt.Fprintln(stderr, "hint:", p.Hint)
	}
	if usage {
		fmt.Fprintln(stderr, "hint: vedette help shows how commands are called")
		return 2
	}
	return 1
}

// atLeast is cobra.MinimumNArgs as an error of usage.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < n {
			return fmt.Errorf("%w: %s missing", errUsage, what)
		}
		return nil
	}
}

// none refuses arguments.
func none(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: unexpected argument %q", errUsage, args[0])
	}
	return nil
}

// choice returns an error of usage unless value is one of the given.
func choice(flag, value string, of ...string) error {
	for _, v := range of {
		if v == value {
			return nil
		}
	}
	return fmt.Errorf("%w: --%s %s: want %s", errUsage, flag, value, strings.Join(of, " or "))
}

// instant reads a date or time as given to --since and --until.
func instant(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: --%s %s: want a date (2024-01-31) or time (2024-01-31T12:00:00Z)", errUsage, flag, s)
}

// logger writes messages of the program to standard error.
func logger(cmd *cobra.Command) *slog.Logger {
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}
