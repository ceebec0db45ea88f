-- enqueue lets a contact wait; one already known is left as it is.
-- ARGV 2 contact, 3 class, 4 anchor, 5 buckets "a,b", 6 band·1e13 − credit_ms, 7 ring ms

local id, class, anchor = ARGV[2], ARGV[3], ARGV[4]
if contact(id) then return {'OK', 0} end
if not alive(anchor) then return {'FENCED', 0} end
local c = {
  id = id, state = 'new', class = class, buckets = split(ARGV[5]), anchor = anchor,
  score = int(tonumber(ARGV[6]) + now), ep = 0, agent = '', ring = tonumber(ARGV[7]), enq = now,
}
contacts[id] = c
move(c, 'enqueued', 'wait', '', 'class', class, 'buckets', ARGV[5], 'score', c.score,
  'anchor', anchor, 'ep', 0, 'agent', '', 'ring', c.ring, 'enq', int(now))
redis.call('SADD', key('nc', anchor), id)
for _, b in ipairs(c.buckets) do redis.call('SADD', key('buckets'), class .. ':' .. b) end
enter(c)
returned[1] = id
return done()
