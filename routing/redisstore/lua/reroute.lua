-- reroute gives a contact that is not over another line, other buckets and
-- steps, at its old time of entry.
-- ARGV as enqueue

local c = contact(ARGV[2])
if not alive(ARGV[4]) then return {'FENCED', 0} end
if not c then return {'UNKNOWN', 0} end
if c.state == 'ended' then return {'OK', 0} end
if c.state == 'lost' or (c.anchor ~= ARGV[4] and alive(c.anchor)) then return {'STALE', 0} end
if c.state == 'wait' then leave_sets(c) end
route(c, ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9])
if c.state == 'wait' then
  move(c, 'rerouted', 'wait', '')
  enter(c)
  returned[1] = c.id
  place_returned()
end
return {'OK', offers}
