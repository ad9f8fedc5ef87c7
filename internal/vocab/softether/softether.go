// Package softether knows the texts of SoftEther VPN's logs: which message kind
// a line is, in the languages that the server writes, and what stands where in
// it; also the fields of the packet log and the clock of both.
//
// A message kind is named by its key in the product's string table, such as
// LH_AUTH_NG. The texts in templates.tsv were derived from logs that real
// servers, bridges and clients wrote (5.01.9674, in en, ja, cn, tw, ko, ru and
// pt_br; Russian texts are English, Portuguese ones mostly). A text that the
// table does not have is no error: Match then returns false and the caller
// keeps the line as it is. Do not use the package to read the logs of other VPN
// products.
package softether

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/vedette-cti/vedette"
)

//go:embed templates.tsv
var templatesTSV string

//go:embed kinds.tsv
var kindsTSV string

// Kind is a kind of message.
type Kind struct {
	Key      string // string table key, such as "LA_CREATE_HUB"
	Category string // a vedette.Category constant
	Action   string // a vedette.Action constant or empty
	Outcome  vedette.Outcome
	Log      Log // which log holds it
}

// Log is one of the text logs.
type Log uint8

// The logs. Every hub message is also in the server log, behind [HUB "NAME"].
const (
	LogAny    Log = iota // several hold it, or the text alone does not tell
	LogServer            // server_log, of VPN Server and VPN Bridge
	LogHub               // security_log of a Virtual Hub
	LogClient            // client_log
)

// Scope is what stands before a message and is common to many kinds.
type Scope uint8

// The scopes, in the order of scopeNames.
const (
	ScopeNone        Scope = iota
	ScopeAdmin             // Administration mode [RPC-9] (Virtual Hub "H"): , with or without the hub
	ScopeIPsec             // IPsec Module:
	ScopeIPsecClient       // IPsec Client 1 (IP:PORT -> IP:PORT):
	ScopeIKE               // IPsec IKE Session (IKE SA) 1 (Client: 1) (IP:PORT -> IP:PORT):
	ScopeOpenVPN           // OpenVPN Session 1 (IP:PORT -> IP:PORT) Channel 0:
	ScopeProtocol          // [OpenVPN] IP:PORT -> IP:PORT (UDP):
	ScopeL2TP              // L2TP PPP Session [IP:PORT]:
	ScopeSecureNAT         // SecureNAT:
	scopeCount
)

var scopeNames = [scopeCount]string{"-", "admin", "ipsec", "ipsec-client", "ike", "openvpn", "protocol", "l2tp", "securenat"}

// table is what the two data files say, compiled.
type table struct {
	buckets  map[uint64][]*template // by scope and the first prefixLen bytes
	short    [scopeCount][]*template
	prefixes [256][]*template // of scopes, by the first byte; open at the end
	admin    *Kind            // an administrative change whose text is not known
	clientID *Kind            // an IPsec client message without text
}

// load compiles the data once. The data is part of the program, so a mistake in
// it is a programming error and panics; a test loads it.
var load = sync.OnceValue(func() *table {
	t := &table{buckets: make(map[uint64][]*template)}
	kinds := make(map[string]*Kind)
	for line := range strings.Lines(kindsTSV) {
		if f := columns(line, 4); f != nil {
			kinds[f[0]] = newKind(f[0], f[1], f[2], f[3])
		}
	}
	kindOf := func(key string) *Kind {
		k := kinds[key]
		if k == nil {
			k = newKind(key, "", "", "")
			kinds[key] = k
		}
		return k
	}
	for line := range strings.Lines(templatesTSV) {
		f := columns(line, 4)
		if f == nil {
			continue
		}
		if name, ok := strings.CutPrefix(f[0], "@"); ok {
			p := compile(nil, f[3])
			p.scope = scopeOf(name)
			t.prefixes[p.first[0]] = append(t.prefixes[p.first[0]], p)
			continue
		}
		p := compile(kindOf(f[0]), f[3])
		p.scope = scopeOf(f[2])
		if len(p.first) < prefixLen {
			t.short[p.scope] = append(t.short[p.scope], p)
			continue
		}
		key := bucketKey(p.scope, p.first)
		t.buckets[key] = append(t.buckets[key], p)
	}
	t.admin = newKind("", "", "", "")
	t.admin.Category, t.admin.Action = vedette.CategoryConfiguration, vedette.ActionConfigChanged
	t.clientID = kindOf("LI_SET_CLIENT_ID")
	return t
})

func columns(line string, n int) []string {
	line = strings.TrimSuffix(line, "\n")
	if line == "" || line[0] == '#' {
		return nil
	}
	f := strings.SplitN(line, "\t", n)
	if len(f) != n {
		panic("softether: bad row in table: " + line)
	}
	return f
}

func scopeOf(name string) Scope {
	for i, s := range scopeNames {
		if s == name {
			return Scope(i)
		}
	}
	panic("softether: unknown scope " + name)
}

// newKind makes a kind; what the table leaves out follows from the key's
// prefix, which names the part of the product.
func newKind(key, category, action, outcome string) *Kind {
	k := &Kind{Key: key, Category: category}
	if action != "-" {
		k.Action = action
	}
	switch outcome {
	case "success":
		k.Outcome = vedette.OutcomeSuccess
	case "failure":
		k.Outcome = vedette.OutcomeFailure
	}
	prefix, _, _ := strings.Cut(key, "_")
	switch prefix {
	case "LA":
		if category == "" {
			k.Category, k.Action = vedette.CategoryConfiguration, vedette.ActionConfigChanged
			k.Outcome = vedette.OutcomeSuccess
		}
	case "LH":
		k.Log = LogHub
	case "LC":
		k.Log = LogClient
	case "LS", "LI", "LO", "LP", "LW", "L3":
		k.Log = LogServer
	}
	switch key {
	case "LS_START_UTF8":
		k.Log = LogAny
	case "LA_OK", "LA_ERROR", "LA_CONNECTED_1", "LA_CONNECTED_2", "LA_RPC_START", "LA_IP_DENIED":
		k.Log = LogServer
	}
	if k.Category == "" {
		k.Category = vedette.CategoryNetwork
		if prefix == "LH" || prefix == "LC" {
			k.Category = vedette.CategorySession
		}
	}
	return k
}
