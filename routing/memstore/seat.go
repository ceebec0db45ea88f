package memstore

import (
	"cmp"
	"maps"
	"slices"

	"hotline/contact"
	"hotline/routing"
)

// seat is a Seat with what it holds.
type seat struct {
	Seat
	id    contact.AgentID
	holds map[contact.ID]*Contact
	used  map[contact.Class]int // of holds
}

func newSeat(id contact.AgentID, is Seat) *seat {
	return &seat{Seat: is, id: id, holds: map[contact.ID]*Contact{}, used: map[contact.Class]int{}}
}

func (a *seat) take(c *Contact) {
	a.holds[c.ID] = c
	a.used[c.Class]++
}

func (a *seat) release(c *Contact) {
	delete(a.holds, c.ID)
	a.used[c.Class]--
}

// busy is what the seat holds, by class; classes of which it holds none are left out.
func (a *seat) busy() map[contact.Class]int {
	used := copied(a.used)
	maps.DeleteFunc(used, func(_ contact.Class, n int) bool { return n == 0 })
	return used
}

// free says that the seat could take one more contact of the class.
func (a *seat) free(class contact.Class) bool {
	return a.Status == routing.Ready && a.used[class] < a.Slots[class] && !a.filled(class)
}

// filled says that the seat has a contact of another class that excludes all else.
func (a *seat) filled(class contact.Class) bool {
	for other := range a.Excludes {
		if other != class && a.used[other] > 0 {
			return true
		}
	}
	return false
}

// there says that the seat could serve the bucket sooner or later.
func (a *seat) there(b bucket) bool {
	if b.agent != "" {
		return a.id == b.agent && a.Status == routing.Ready
	}
	_, stands := a.Buckets[b.seats]
	return stands && a.Status != routing.Offline
}

// tier says whether the seat serves the bucket, and how soon: 0 is served
// first, but for the seat's own bucket.
func (a *seat) tier(b bucket) (tier int, ok bool) {
	if b.agent != "" {
		return ownTier, a.id == b.agent
	}
	if _, stands := a.Buckets[b.seats]; !stands {
		return 0, false
	}
	tier, ok = a.Buckets[b.name]
	return tier, ok
}

const ownTier = -1

// load orders seats of one tier: the least busy takes the next conversation.
// For calls a free seat has, but for exotic settings, no load.
func (a *seat) load(class contact.Class) int {
	if class == contact.Voice {
		return 0
	}
	return a.used[class]
}

// park keeps a seat that did not answer from getting the next contact.
func (a *seat) park() {
	if a.Status == routing.Ready {
		a.Status = routing.Away
	}
}

// ringing lists the contacts that ring at the seat, by ID.
func (a *seat) ringing() []*Contact {
	var list []*Contact
	for _, c := range a.holds {
		if c.State == routing.Offered {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, byID)
	return list
}

// bucket is a routing.Bucket, read.
type bucket struct {
	name     routing.Bucket
	agent    contact.AgentID // of a SeatBucket; else empty
	seats    routing.Bucket  // where its seats stand: the lender of a borrowed one
	borrowed bool
	reserve  int
}

func read(b routing.Bucket) bucket {
	if agent, ok := b.Seat(); ok {
		return bucket{name: b, agent: agent}
	}
	if from, reserve, ok := b.Lender(); ok {
		return bucket{name: b, seats: from, borrowed: true, reserve: reserve}
	}
	return bucket{name: b, seats: b}
}

// freeAt lists the seats of the bucket that are free for the class, whatever
// must stay free there.
func (s *Store) freeAt(b bucket, class contact.Class) []*seat {
	var list []*seat
	for _, a := range s.seats {
		if _, stands := a.Buckets[b.seats]; stands && a.free(class) {
			list = append(list, a)
		}
	}
	return list
}

// serves says whether the bucket may be served just now: a lender only while
// more seats are free than it must keep.
func (s *Store) serves(b bucket, class contact.Class) bool {
	return !b.borrowed || len(s.freeAt(b, class)) > b.reserve
}

// meeting is a seat that is free for a contact in one of its buckets.
type meeting struct {
	seat *seat
	via  bucket
	tier int
}

// compare is the one order of seats that are free for the class.
func (m meeting) compare(o meeting, class contact.Class) int {
	return cmp.Or(
		cmp.Compare(m.tier, o.tier),
		cmp.Compare(m.seat.load(class), o.seat.load(class)),
		cmp.Compare(m.seat.Idle, o.seat.Idle),
		cmp.Compare(m.seat.id, o.seat.id),
	)
}

func copied[K comparable, V any](m map[K]V) map[K]V {
	out := make(map[K]V, len(m))
	maps.Copy(out, m)
	return out
}
