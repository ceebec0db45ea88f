package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// longest is the most bytes a text of an entry may have.
const longest = 1000

// Entry is what the caller tells. No text of it holds a citizen's address,
// name or message: objects are named by their IDs.
type Entry struct {
	Who    string // the account, or "system"
	Role   string // the role it acted in
	Action Action
	Kind   string // of the object: contact, ticket, account …
	ID     string // of the object
	Reason string // why, in the actor's words, where a reason is asked for
	IP     netip.Addr
}

// Record is an entry as it stands in the chain.
type Record struct {
	Entry
	Seq      int64     // from 1, without gaps
	Time     time.Time // UTC, milliseconds
	Node     string
	Previous Hash
	Hash     Hash
}

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// validate refuses what would not come back as it was written: PostgreSQL
// takes no NUL and no broken UTF-8.
func (e Entry) validate() error {
	errs := []error{e.Action.check()}
	if e.Who == "" {
		errs = append(errs, errors.New("who: is empty"))
	}
	for _, f := range []struct{ name, text string }{
		{"who", e.Who}, {"role", e.Role}, {"kind", e.Kind}, {"id", e.ID}, {"reason", e.Reason},
	} {
		if len(f.text) > longest || !utf8.ValidString(f.text) || strings.ContainsRune(f.text, 0) {
			errs = append(errs, fmt.Errorf("%s: want at most %d bytes of plain text", f.name, longest))
		}
	}
	return errors.Join(errs...)
}

// ip is the stored form; "" when there is none.
func (e Entry) ip() string {
	if !e.IP.IsValid() {
		return ""
	}
	return e.IP.Unmap().WithZone("").String()
}

// seal computes the record's hash over the hash before and every field, each
// text with its length before it, so that no two records look alike.
func (r Record) seal() Hash {
	h := sha256.New()
	_, _ = h.Write(r.Previous[:])
	number(h, r.Seq)
	number(h, r.Time.UnixMilli())
	for _, text := range []string{r.Node, r.Who, r.Role, string(r.Action), r.Kind, r.ID, r.Reason, r.ip()} {
		number(h, int64(len(text)))
		_, _ = io.WriteString(h, text)
	}
	return Hash(h.Sum(nil))
}

func number(h hash.Hash, n int64) {
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
}
