package routing

// LoadOf is the queue as the counts show it. Borrowed groups are counted where
// they belong.
func (b *edition) LoadOf(queue string, c Counts) Load {
	q := b.queues[queue]
	if q == nil || c.Staffed == nil {
		return Load{}
	}
	l, heard := Load{Known: true}, false
	for bucket := range q.groups {
		if _, _, borrowed := bucket.Lender(); borrowed {
			continue
		}
		l.Waiting = max(l.Waiting, c.Waiting[bucket])
		l.Staffed = max(l.Staffed, c.Staffed[bucket])
		if last, ok := c.LastWait[bucket]; ok && (!heard || last < l.Wait) {
			l.Wait, heard = last, true
		}
	}
	if l.Waiting == 0 {
		l.Wait = 0 // whatever the last one waited
	}
	return l
}
