package memstore

import (
	"hotline/contact"
	"hotline/routing"
)

// served is the record of the pool out of which the contact was reserved; nil
// when nobody waits for such a thing.
func (s *Store) served(c *Contact) *Service {
	if _, own := c.Via.Seat(); own || c.Via == "" {
		return nil
	}
	return s.pool(c.Class, c.Via)
}

func (s *Store) pool(class contact.Class, b routing.Bucket) *Service {
	pool := Pool{class, b}
	if s.service[pool] == nil {
		s.service[pool] = &Service{}
	}
	return s.service[pool]
}

// noteAccept keeps how long the contact has waited.
func (s *Store) noteAccept(c *Contact) {
	c.Accepted = s.ms()
	if pool := s.served(c); pool != nil {
		pool.Last, pool.LastAt = s.ms()-c.Enqueued, s.ms()
	}
}

// noteFinish moves the mean by one eighth of the difference. A talk that the
// queue did not see begin tells nothing.
func (s *Store) noteFinish(c *Contact) {
	if c.Accepted == 0 {
		return
	}
	pool := s.served(c)
	if pool == nil {
		return
	}
	held := s.ms() - c.Accepted
	if pool.Handling == 0 {
		pool.Handling = held
		return
	}
	pool.Handling += (held - pool.Handling) / 8
}
