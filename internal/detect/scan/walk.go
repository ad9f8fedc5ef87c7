package scan

// The parameters of the threshold random walk that the paper proposes: theta0
// and theta1 are the chances that a first contact of an honest host and of a
// scanner succeeds; with a detection probability of 0.99 and a false positive
// probability of 0.01 the walk stops at the likelihood ratios eta1 (a scanner)
// and eta0 (honest).
const (
	theta0 = 0.8
	theta1 = 0.2
	eta1   = 0.99 / 0.01
	eta0   = (1 - 0.99) / (1 - 0.01)
)

// walk runs the threshold random walk over the outcomes of first contacts, 'F'
// for a failure, all else a success, in order of time. It returns how many
// contacts it took to accept that this is a scanner, 0 if that never happened.
//
// The paper stops when a host is found honest. A host that is watched for
// months may change hands, so here the walk begins anew instead.
func walk(outcomes string) int {
	ratio := 1.0
	for i := range len(outcomes) {
		if outcomes[i] == 'F' {
			ratio *= (1 - theta1) / (1 - theta0)
		} else {
			ratio *= theta1 / theta0
		}
		switch {
		case ratio >= eta1:
			return i + 1
		case ratio <= eta0:
			ratio = 1
		}
	}
	return 0
}
