-- reassert says how a contact stands at an anchor that has registered anew.
-- ARGV 2 to 10 as enqueue, 11 state: wait, talking or wrapping, 12 agent, 13 token

local id, node, as, agent, token = ARGV[2], ARGV[4], ARGV[11], ARGV[12], tonumber(ARGV[13])
local EVENTS = {wait = 'asserted_waiting', talking = 'asserted_talking', wrapping = 'asserted_wrapping'}
if not alive(node) then return {'FENCED', 0} end

-- yields says whether what is known gives way to what the anchor says.
local function yields(c)
  if c.state == 'wrapping' and as == 'wait' then return false end
  if c.ep > token and (as ~= 'wait' or c.state == 'talking') then return false end
  return c.anchor == node or not alive(c.anchor)
end

local c = contact(id)
if c then
  -- What comes late: things went on since.
  if c.state == 'ended' or (c.anchor == node and c.ep > token) then return {'OK', 0} end
  if not yields(c) then return {'STALE', 0} end
end
local class = c and c.class or ARGV[3]

-- take_offer takes the seat's first offer of the class back.
local function take_offer()
  local ids = call('SMEMBERS', key('ac', agent))
  table.sort(ids)
  for _, other in ipairs(ids) do
    local o = contact(other)
    if o.state == 'offered' and o.class == class then
      requeue(o, 'seat_lost')
      order('revoke', o, agent, 0)
      return true
    end
  end
  return false
end

-- seat_for makes room at the agent's seat, which may be unknown.
local function seat_for()
  local s = seat(agent)
  if not s then
    meet_seat(agent, node, class)
    return true
  end
  if c and c.agent == agent then return true end
  return s.use[class] < (s.slots[class] or 0) or take_offer()
end

if as ~= 'wait' and not seat_for() then return {'STALE', 0} end
if not c then c = meet() end
anchor_at(c, node)
c.ep = math.max(c.ep, token)
if c.state == 'wait' then leave_sets(c) end
if as == 'wait' then
  requeue(c, EVENTS[as], 'anchor', node, 'ep', c.ep)
  return settle()
end
if c.agent ~= agent then
  part(c)
  local s = seat(agent)
  s.use[class] = s.use[class] + 1
  c.agent = agent
  -- A call that was thought lost may have gone on with its agent.
  if c.state ~= 'lost' then c.via, c.acc = '', 0 end
  call('SADD', key('ac', agent), id)
end
call('ZREM', key('lease'), id)
freed[#freed + 1] = agent
local to = c.state == 'wrapping' and 'wrapping' or as
move(c, EVENTS[as], to, agent, nil, 'anchor', node, 'ep', c.ep, 'agent', agent, 'via', c.via, 'acc', int(c.acc))
return settle()
