-- tick ends what is late: leases of nodes and of reservations, and a part of
-- what dead nodes left.
-- Output 3: expired reservations, 4: calls lost with their node, 5…: nodes
-- declared dead

local expired, lost, fenced = 0, 0, {}

local late = redis.call('ZRANGEBYSCORE', key('nodes'), '-inf', int(now))
if late[1] then
  notice_restart()
  notice_silence()
  if now >= tonumber(redis.call('GET', key('grace')) or 0) then
    for _, node in ipairs(late) do fence(node) end
    fenced = late
  end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('lease'), '-inf', int(now), 'LIMIT', 0, BATCH)) do
  local c = contact(id)
  local agent = c.agent
  park(agent)
  requeue(c, 'expired')
  order('revoke', c, agent, 0)
  expired = expired + 1
end

-- some takes up to most members of a set, in order.
local function some(name, most)
  if most <= 0 then return {} end
  local list = redis.call('SRANDMEMBER', name, most)
  table.sort(list)
  return list
end

-- adopt gives a conversation to the node that renewed last.
local function adopt(c, node)
  local heir = redis.call('ZREVRANGE', key('nodes'), 0, 0)[1]
  if not heir then return end
  c.anchor = heir
  redis.call('SREM', key('nc', node), c.id)
  redis.call('SADD', key('nc', heir), c.id)
  redis.call('HSET', key('c', c.id), 'anchor', heir)
  if c.state == 'offered' then
    requeue(c, 'anchor_moved')
  else
    move(c, 'anchor_moved', c.state, c.agent)
  end
end

local seats_left, contacts_left = BATCH, BATCH
local dead = redis.call('SMEMBERS', key('dead'))
table.sort(dead)
for _, node in ipairs(dead) do
  -- First the seats, so that nobody is offered to one.
  local agents = some(key('na', node), seats_left)
  for _, agent in ipairs(agents) do
    seat(agent).status = 'offline'
    freed[#freed + 1] = agent
    redis.call('SREM', key('na', node), agent)
    revoke_all(agent)
  end
  local ids = some(key('nc', node), contacts_left)
  for _, id in ipairs(ids) do
    local c = contact(id)
    if c.class == 'voice' then
      finish(c, 'anchor_lost', 'node_lost', 'lost')
      lost = lost + 1
    else
      adopt(c, node)
    end
  end
  seats_left, contacts_left = seats_left - #agents, contacts_left - #ids
  if redis.call('EXISTS', key('na', node), key('nc', node)) == 0 then
    redis.call('SREM', key('dead'), node)
    redis.call('DEL', key('in', node))
  end
end

return done(expired, lost, unpack(fenced))
