package softether

import (
	"encoding/binary"
	"net/netip"

	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/softether"
)

func (j *joins) tables() [4]*table {
	return [...]*table{&j.connections, &j.sessions, &j.rpcs, &j.apis}
}

// stateVersion begins the encoded state.
const stateVersion = 1

// State implements decode.Stateful.
func (d *decoder) State() []byte {
	if d.last == 0 {
		return nil
	}
	s := []byte{stateVersion, byte(d.log), byte(d.open), 0}
	if d.folded {
		s[3] = 1
	}
	s = binary.AppendVarint(s, d.last)
	s = appendString(s, d.tail)
	s = appendString(s, d.opener)
	s = binary.AppendUvarint(s, uint64(len(d.trust)))
	for _, key := range d.trust {
		s = appendString(s, key)
	}
	for _, t := range d.joins.tables() {
		n := 0
		for i := range t.slots {
			if t.slots[i].key != 0 {
				n++
			}
		}
		s = binary.AppendUvarint(s, uint64(n))
		for i := range t.slots {
			p := &t.slots[i]
			if p.key == 0 {
				continue
			}
			s = binary.AppendUvarint(s, p.key)
			s = appendString(s, string(p.addr.AsSlice()))
			s = binary.AppendUvarint(s, uint64(p.port))
			if p.sure {
				s = append(s, 1)
			} else {
				s = append(s, 0)
			}
			s = binary.AppendUvarint(s, p.rpc)
			s = binary.AppendVarint(s, p.time)
			s = appendString(s, string(p.user.b[:p.user.n]))
			s = appendString(s, string(p.rdns.b[:p.rdns.n]))
		}
	}
	return s
}

func appendString(s []byte, v string) []byte {
	s = binary.AppendUvarint(s, uint64(len(v)))
	return append(s, v...)
}

// errState is the answer to a state that State did not write.
const errState = decode.Reason("saved state of the SoftEther decoder is not readable")

// Restore implements decode.Stateful.
func (d *decoder) Restore(state []byte) error {
	if len(state) < 4 || state[0] != stateVersion {
		return errState
	}
	r := reader{rest: state[4:]}
	d.log, d.open, d.folded = softether.Log(state[1]), int(state[2]), state[3] == 1
	d.last = r.varint()
	d.tail, d.opener = r.string(), r.string()
	for range min(r.uvarint(), 64) {
		d.trust = append(d.trust, r.string())
	}
	limits := [...]int{maxConnections, maxSessions, maxRPC, maxAPI}
	for i, t := range d.joins.tables() {
		for n := r.uvarint(); n > 0 && !r.bad; n-- {
			key := r.uvarint()
			if key == 0 {
				return errState
			}
			p := t.put(key, limits[i])
			p.addr, _ = netip.AddrFromSlice([]byte(r.string()))
			p.port, p.sure = uint16(r.uvarint()), r.uvarint() == 1
			p.rpc, p.time = r.uvarint(), r.varint()
			p.user.set(r.string())
			p.rdns.set(r.string())
		}
	}
	if r.bad || d.log > softether.LogClient || d.open > openLines {
		*d = decoder{clock: d.clock, utc: d.utc}
		return errState
	}
	return nil
}

// reader takes values off an encoded state; bad is set when it ends early.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}
