-- setagent says what a seat takes, and where its desk is.
-- ARGV 2 agent, 3 node, 4 status, 5 buckets "general=0,tax=1", 6 slots "message=3,voice=1",
--      7 classes that fill the seat "message,voice"

local id, node, status = ARGV[2], ARGV[3], ARGV[4]
if not alive(node) then return {'FENCED', 0} end
local s = seat(id)
-- The agent has moved to another node; this is the old one's news.
if s and status == 'offline' and s.node ~= node then return {'OK', 0} end
if s then
  for _, class in ipairs(CLASSES) do
    if s.ready[class] ~= '' then
      for _, b in ipairs(s.stands) do call('ZREM', key('r', class, b), id) end
      s.ready[class] = ''
    end
  end
  for _, b in ipairs(s.buckets) do call('SREM', key('s', b), id) end
  call('SREM', key('na', s.node), id)
  if s.status ~= 'ready' and status == 'ready' then s.idle = now end
else
  s = {id = id, idle = now, use = {voice = 0, message = 0}, ready = {voice = '', message = ''}}
  seats[id] = s
end
s.node, s.status = node, status
serve(s, ARGV[5])
local _, slots = pairs_of(ARGV[6])
s.slots = slots
fills(s, ARGV[7])
call('HSET', key('a', id), 'node', node, 'buckets', ARGV[5], 'slots', ARGV[6], 'excludes', ARGV[7])
for _, b in ipairs(s.buckets) do call('SADD', key('buckets'), 'voice:' .. b) end
if status == 'offline' then
  revoke_all(id)
else
  call('SADD', key('na', node), id)
  for _, b in ipairs(s.buckets) do call('SADD', key('s', b), id) end
end
freed[#freed + 1] = id
return settle()
