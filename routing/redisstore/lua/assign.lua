-- assign reserves a waiting contact for a seat, whatever its buckets.
-- ARGV 2 contact, 3 agent

local c = contact(ARGV[2])
if not c then return {'UNKNOWN', 0} end
if c.anchor ~= '' and not alive(c.anchor) then return {'FENCED', 0} end
if c.state ~= 'wait' then return {'STALE', 0} end
local s = seat(ARGV[3])
if not s or not free(s, c.class) then return {'BUSY', 0} end
reserve(c, s, 'assigned', '', 0)
return {'OK', offers}
