-- enqueue lets a contact wait; one already known is left as it is, but one that
-- was lost waits again at its old place.
-- ARGV 2 contact, 3 class, 4 anchor, 5 buckets "a,b", 6 band·1e13 − credit_ms, 7 ring ms,
--      8 line, 9 steps "10000:a,b;60000:c", 10 ms waited before

local id, node = ARGV[2], ARGV[4]
local c = contact(id)
if c and c.state ~= 'lost' then return {'OK', 0} end
if not alive(node) then return {'FENCED', 0} end
if not c then c = meet() end
anchor_at(c, node)
move(c, 'enqueued', 'wait', '', nil, 'anchor', node, 'ep', c.ep, 'agent', '')
enter(c)
returned[1] = id
place_returned()
return {'OK', offers}
