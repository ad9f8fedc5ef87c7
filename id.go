package vedette

import (
	"encoding/hex"
	"errors"
)

// ID is a deterministic 128-bit identifier. Events, detections and sources
// derive theirs from content, so that the same input gives the same ID on any
// machine and in any order of processing. The zero ID means "none".
type ID [16]byte

// IsZero reports whether id is unset.
func (id ID) IsZero() bool { return id == ID{} }

// String returns id as 32 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads the form that String writes.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return id, errors.New("an id has 32 hexadecimal digits")
	}
	_, err := hex.Decode(id[:], []byte(s))
	return id, err
}

// MarshalText and UnmarshalText make IDs readable in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}
