// Package rules holds the detections that come with Vedette: Sigma rules, one a
// file. They use the fields of the Elastic Common Schema, and three more:
// url.decoded, user_agent.decoded and referrer.decoded, which hold the value as
// a server's application would see it.
package rules

import "embed"

// FS is the folder of rules.
//
//go:embed cve vpn web
var FS embed.FS
