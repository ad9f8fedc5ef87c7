package vedette

import "time"

// ClusterState is what is kept of a cluster between assessments, so that it is
// known again: who belonged to it, and what became of it.
type ClusterState struct {
	ID         string // as Cluster.ID
	FirstSeen  time.Time
	LastSeen   time.Time
	Members    []string // addresses, and names without one, ascending; none after a merger. No two clusters share one
	MergedInto string   // the cluster that took this one in, empty if it stands
	History    []ClusterEvent
}

// ClusterEvent is a change of a cluster from one assessment to the next.
type ClusterEvent struct {
	Time    time.Time // end of the telemetry that showed it, not of the run
	Kind    ClusterChange
	Other   string // id of the other cluster of a merger or split
	Members int    // how many joined (grown, merged) or left (split)
}

// ClusterChange says what happened to a cluster.
type ClusterChange string

// Changes of clusters. A cluster that grows keeps its id; when two merge, the
// older id stays; when one splits, the larger evidence keeps the id.
const (
	ClusterGrown  ClusterChange = "grown"
	ClusterMerged ClusterChange = "merged" // with Other: on both sides
	ClusterSplit  ClusterChange = "split"  // from Other, or Other from it
)
