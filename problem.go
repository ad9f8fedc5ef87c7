package vedette

// Problem is an error for people: what went wrong, and what to do about it.
// Commands print it as an "error:" line and a "hint:" line.
type Problem struct {
	Err  error
	Hint string
}

// Error returns the message without the hint.
func (p *Problem) Error() string { return p.Err.Error() }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }
