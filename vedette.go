// Package vedette holds the nouns of a perimeter threat-intelligence system:
// organizations and their assets, telemetry events and where they came from,
// detections, clusters, verdicts, and the assessment that puts them together.
//
// The package depends on the standard library alone and performs no input or
// output. Every other package of the module may import it; it imports none of
// them. One noun lives in one file.
//
// Names follow the field's own terms: event fields the Elastic Common Schema
// (ECS 8), sectors and indicators STIX 2.1, verdicts the Reference Security
// Incident Taxonomy (RSIT), techniques MITRE ATT&CK.
package vedette
