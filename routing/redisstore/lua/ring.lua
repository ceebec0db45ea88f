-- ring notes that the anchor is about to ring the desk: a write that replicas
-- can confirm, after all that led to the offer.
-- ARGV 2 contact, 3 token

local c, refusal = held()
if not c then return refusal end
if c.state ~= 'offered' then return {'STALE', 0} end
call('HSET', key('c', c.id), 'rung', c.ep)
return {'OK', 0}
