-- tick ends what is late: leases of nodes and of reservations, and a part of
-- what dead nodes left.
-- Output 3: expired reservations, 4: calls lost with their node, 5…: nodes
-- declared dead

local expired, lost, fenced = 0, 0, {}

local late = call('ZRANGEBYSCORE', key('nodes'), '-inf', int(now))
if late[1] then
  notice_restart()
  notice_silence()
  if now >= tonumber(call('GET', key('grace')) or 0) then
    for _, node in ipairs(late) do fence(node) end
    fenced = late
  end
end

for _, id in ipairs(call('ZRANGEBYSCORE', key('lease'), '-inf', int(now), 'LIMIT', 0, BATCH)) do
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
  local list = call('SRANDMEMBER', name, most)
  table.sort(list)
  return list
end

-- The node that renewed last takes what a dead one had; while none lives it waits.
local heir = call('ZREVRANGE', key('nodes'), 0, 0)[1]

-- adopt gives a conversation to the heir.
local function adopt(c, node)
  c.anchor = heir
  call('SREM', key('nc', node), c.id)
  call('SADD', key('nc', heir), c.id)
  call('HSET', key('c', c.id), 'anchor', heir)
  if c.state == 'offered' then
    requeue(c, 'anchor_moved')
  else
    move(c, 'anchor_moved', c.state, c.agent)
  end
  local seat = c.agent ~= '' and call('HGET', key('a', c.agent), 'node') or ''
  order('adopt', c, c.agent, 0, 'seat', seat)
end

-- lose ends a call and lets the heir call the citizen back.
local function lose(c)
  local agent = c.agent
  finish(c, 'anchor_lost', 'node_lost', 'lost')
  order_to(heir, 'orphan', c, agent, 0)
  lost = lost + 1
end

local seats_left, contacts_left = BATCH, BATCH
local dead = call('SMEMBERS', key('dead'))
table.sort(dead)
for _, node in ipairs(dead) do
  -- First the seats, so that nobody is offered to one.
  local agents = some(key('na', node), seats_left)
  for _, agent in ipairs(agents) do
    local s = seat(agent)
    s.status = 'offline'
    for _, b in ipairs(s.buckets) do call('SREM', key('s', b), agent) end
    freed[#freed + 1] = agent
    call('SREM', key('na', node), agent)
    revoke_all(agent)
  end
  local ids = heir and some(key('nc', node), contacts_left) or {}
  for _, id in ipairs(ids) do
    local c = contact(id)
    if c.class == 'voice' then
      lose(c)
    else
      adopt(c, node)
    end
  end
  seats_left, contacts_left = seats_left - #agents, contacts_left - #ids
  if call('EXISTS', key('na', node), key('nc', node)) == 0 then
    call('SREM', key('dead'), node)
    call('DEL', key('in', node))
  end
end

for _, id in ipairs(call('ZRANGEBYSCORE', key('due'), '-inf', int(now), 'LIMIT', 0, BATCH)) do
  local c = contact(id)
  while next_step(c) and next_step(c) <= now do widen(c) end
  returned[#returned + 1] = id
end

settle()
return {'OK', offers, expired, lost, unpack(fenced)}
