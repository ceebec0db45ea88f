-- outlook tells how a waiting contact stands in the bucket where its place is
-- best; the bucket of one seat counts only when there is no other.
-- ARGV 2 contact. Output 3: bucket, 4: how many wait before it, 5: ms waited,
-- 6: ms the first of the bucket has waited, 7: seats that are there, 8 and 9:
-- wait of the last that was accepted, and how long ago, 10: handling time

local c = contact(ARGV[2])
if not c or c.state ~= 'wait' then return {'UNKNOWN', 0} end
local bucket, place
local function look(b)
  local rank = call('ZRANK', key('w', c.class, b), c.id)
  if rank and (not place or rank < place) then bucket, place = b, rank end
end
for _, b in ipairs(c.buckets) do
  if not owner(b) then look(b) end
end
if not bucket then
  for _, b in ipairs(c.buckets) do look(b) end
end
if not bucket then return {'UNKNOWN', 0} end
local staffed = 0
local agent = owner(bucket)
if agent then
  local s = seat(agent)
  if s and s.status ~= 'offline' then staffed = 1 end
else
  staffed = call('SCARD', key('s', lender(bucket) or bucket))
end
local first = contact(call('ZRANGE', key('w', c.class, bucket), 0, 0)[1])
local b = call('HMGET', key('b', c.class, bucket), 'last', 'last_at', 'handling')
return {
  'OK', 0, bucket, place, now - c.enq, first and now - first.enq or 0, staffed,
  tonumber(b[1] or 0), b[2] and now - tonumber(b[2]) or 0, tonumber(b[3] or 0),
}
