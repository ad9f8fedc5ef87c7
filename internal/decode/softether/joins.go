package softether

import (
	"net/netip"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/softether"
	"github.com/zeebo/xxh3"
)

// Sizes of the tables. A table is indexed by the number that the server counts
// up, so when it is full the newest entry takes the place of the one that many
// numbers older.
const (
	maxConnections = 2048
	maxSessions    = 1024
	maxRPC         = 512
	maxAPI         = 32 // senders
	minTable       = 32
)

// name is a short string without a pointer. Longer ones are cut.
type name struct {
	n uint8
	b [63]byte
}

func (n *name) set(s string) { n.n = uint8(copy(n.b[:], s)) }

// peer is the far end of a connection, a session or an administrator's session.
type peer struct {
	key  uint64 // 0: free
	addr netip.Addr
	port uint16
	// sure says that the server itself stated the address when it accepted
	// the connection, so that no name in a later message can forge it.
	sure bool
	rpc  uint64 // of a connection: key of its administrator's session
	time int64  // of a JSON-RPC login
	user name
	rdns name
}

// joins connects the lines of a connection. Entries live from the line that
// creates them to the one that ends them, or until they are displaced; all go
// when the server starts, because it then counts from 1 again. Administrators'
// numbers are used again at once, so theirs end with the connection.
type joins struct {
	connections, sessions, rpcs table
	apis                        table // the last login to the JSON-RPC interface, by sender
}

// table is a direct-mapped cache that grows by doubling up to its limit. The
// high half of a key is the sender's, the low half ends in a number that the
// sender counts up.
type table struct {
	slots []peer
}

func (t *table) slot(key uint64) *peer {
	return &t.slots[(key^key>>32)&uint64(len(t.slots)-1)]
}

// forget drops the entries of one sender.
func (t *table) forget(sender uint64) {
	for i := range t.slots {
		if t.slots[i].key>>32 == sender>>32 {
			t.slots[i].key = 0
		}
	}
}

func (t *table) get(key uint64) *peer {
	if len(t.slots) == 0 || key == 0 {
		return nil
	}
	if p := t.slot(key); p.key == key {
		return p
	}
	return nil
}

// put returns the slot for key, emptied.
func (t *table) put(key uint64, limit int) *peer {
	if len(t.slots) == 0 {
		t.slots = make([]peer, minTable)
	}
	for {
		p := t.slot(key)
		if p.key == 0 || p.key == key || len(t.slots) >= limit {
			*p = peer{key: key}
			return p
		}
		old := t.slots
		t.slots = make([]peer, 2*len(old))
		for i := range old {
			if k := old[i].key; k != 0 {
				*t.slot(k) = old[i]
			}
		}
	}
}

// sender returns the high half of the keys of a datagram's sender; a file has
// one sender, 0.
func sender(l *line) uint64 {
	if !l.syslog {
		return 0
	}
	return xxh3.HashString(l.host) << 32
}

// numberOf returns the key for "CID-7" or "RPC-9", 0 if there is no number.
func numberOf(sender uint64, s string) uint64 {
	if len(s) < 5 {
		return 0
	}
	n, ok := softether.Count(s[4:])
	if !ok || n == 0 || n > 1<<32-1 {
		return 0
	}
	return sender | uint64(n)
}

// sessionKey numbers a session by the end of its name, which the hub counts up;
// a hash tells hubs and users apart.
func sessionKey(sender uint64, hub, sid string) uint64 {
	i := strings.LastIndexByte(sid, '-')
	if i < 0 {
		return 0
	}
	n, ok := softether.Count(sid[i+1:])
	if !ok {
		return 0
	}
	return sender | xxh3.HashStringSeed(sid, xxh3.HashString(hub))&0xffff<<16 | uint64(n)&0xffff + 1
}

// anchorsOf returns what connects e with other lines.
func anchorsOf(e *vedette.Event) (cid, sid, rpc, hub string) {
	for i := range e.Rest {
		switch f := &e.Rest[i]; f.Key {
		case "softether.connection":
			cid = f.Value
		case "softether.session":
			sid = f.Value
		case "softether.rpc":
			rpc = f.Value
		case "softether.hub":
			hub = f.Value
		}
	}
	return cid, sid, rpc, hub
}

// join completes e from earlier lines and remembers what later ones need.
func (d *decoder) join(b *vedette.Batch, e *vedette.Event, l *line) {
	j := &d.joins
	cid, sid, rpc, hub := anchorsOf(e)
	if l.log == softether.LogClient {
		return // its sessions are the server's, which are numbered by others
	}
	from := sender(l)
	conn := j.connections.get(numberOf(from, cid))
	switch e.Code {
	case "LS_START_1":
		j.connections.forget(from)
		j.sessions.forget(from)
		j.rpcs.forget(from)
		j.apis.forget(from)
		return
	case "LS_CONNECTION_START_1":
		conn = j.connections.put(numberOf(from, cid), maxConnections)
		conn.addr, conn.port, conn.sure = e.SourceIP, e.SourcePort, true
		rdns, _ := e.Get("softether.rdns")
		conn.rdns.set(rdns)
		return
	case "LH_CONNECT_CLIENT":
		if n := numberOf(from, cid); n != 0 && (conn == nil || !conn.sure) {
			conn = j.connections.put(n, maxConnections)
			conn.addr, conn.port = e.SourceIP, e.SourcePort
			rdns, _ := e.Get("softether.rdns")
			conn.rdns.set(rdns)
		}
		if conn != nil {
			conn.user.set(e.User)
		}
	}
	switch {
	case conn != nil:
		d.from(b, e, conn)
	case rpc != "":
		p := j.rpcs.get(numberOf(from, rpc))
		if p == nil {
			p = j.api(from, e.Time)
		}
		if p != nil {
			d.from(b, e, p)
		}
	case sid != "":
		if p := j.sessions.get(sessionKey(from, hub, sid)); p != nil {
			d.from(b, e, p)
		}
	}
	d.remember(e, conn, from, sid, rpc, hub)
}

// remember keeps what e says about a session, and forgets what it ends.
func (d *decoder) remember(e *vedette.Event, conn *peer, from uint64, sid, rpc, hub string) {
	j := &d.joins
	switch e.Code {
	case "LH_AUTH_OK":
		if conn != nil {
			conn.user.set(e.User)
		}
	case "LA_RPC_START":
		if n := numberOf(from, rpc); n != 0 && conn != nil {
			p := j.rpcs.put(n, maxRPC)
			p.addr, p.port, p.sure, p.rdns = conn.addr, conn.port, conn.sure, conn.rdns
			conn.rpc = n
		}
	case "LH_NEW_SESSION":
		key := sessionKey(from, hub, sid)
		if key == 0 {
			return
		}
		p := j.sessions.put(key, maxSessions)
		p.addr, p.port, p.sure = e.SourceIP, e.SourcePort, conn != nil && conn.sure
		p.user.set(e.User)
		if conn != nil {
			p.rdns = conn.rdns
		}
	case "LH_END_SESSION":
		if p := j.sessions.get(sessionKey(from, hub, sid)); p != nil {
			p.key = 0
		}
	case "LS_CONNECTION_END_1":
		if conn != nil {
			if p := j.rpcs.get(conn.rpc); p != nil && p.addr == conn.addr && p.port == conn.port {
				p.key = 0
			}
			conn.key = 0
		}
	case "LS_API_AUTH_OK":
		p := j.apis.put(from|1, maxAPI)
		p.addr, p.port, p.sure, p.time = e.SourceIP, e.SourcePort, true, e.Time
	}
}

// apiSpan is how long after its login a call to the JSON-RPC interface is
// taken for the cause of a change.
const apiSpan = int64(time.Second)

// api returns who logged in to the JSON-RPC interface just before t: a call
// there changes things under an administrator's number that no line announces.
func (j *joins) api(sender uint64, t int64) *peer {
	if p := j.apis.get(sender | 1); p != nil && t >= p.time && t-p.time <= apiSpan {
		return p
	}
	return nil
}

// from gives e the client's address and name as far as e does not state them
// itself; an address that the server stated when it accepted the connection
// goes before one in the message. The user is filled in for sessions only.
func (d *decoder) from(b *vedette.Batch, e *vedette.Event, p *peer) {
	if p.addr.IsValid() && (p.sure || !e.SourceIP.IsValid()) {
		e.SourceIP, e.SourcePort = p.addr, p.port
	} else if e.SourcePort == 0 && e.SourceIP == p.addr {
		e.SourcePort = p.port
	}
	if e.User == "" && p.user.n > 0 && e.Category != vedette.CategoryConfiguration && e.Category != vedette.CategoryIAM {
		e.User = text(b, &p.user)
	}
	if p.rdns.n > 0 {
		if _, ok := e.Get("softether.rdns"); !ok {
			b.AddRest(e, "softether.rdns", text(b, &p.rdns))
		}
	}
}

// text copies n to the batch: the table's memory changes while the event lives.
func text(b *vedette.Batch, n *name) string {
	buf := b.Buffer(int(n.n))
	copy(buf, n.b[:n.n])
	return decode.String(buf)
}

// firstAddr returns the first IPv4 address in s that is set off by other
// characters, the zero address if there is none.
func firstAddr(s string) netip.Addr {
	for i := 0; i < len(s); {
		if c := s[i]; c < '0' || c > '9' {
			i++
			continue
		}
		end := i
		for end < len(s) && (s[end] == '.' || '0' <= s[end] && s[end] <= '9') {
			end++
		}
		if a, ok := softether.Addr(strings.TrimRight(s[i:end], ".")); ok {
			return a
		}
		i = end
	}
	return netip.Addr{}
}
