-- place tells how many wait before the contact in its best bucket.
-- ARGV 2 contact. Output 3: the number, from 0

local c = contact(ARGV[2])
if not c or c.state ~= 'wait' then return {'UNKNOWN', 0} end
local best
for _, b in ipairs(c.buckets) do
  local rank = redis.call('ZRANK', key('w', c.class, b), c.id)
  if rank and (not best or rank < best) then best = rank end
end
return {'OK', 0, best}
