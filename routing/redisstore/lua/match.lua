-- Stands after lib.lua: how contacts and seats meet.

local function before(score, id, best_score, best)
  return not best or score < best_score or (score == best_score and id < best)
end

-- rank_of is where the seat stands ready in its tier: by idle time, for messages
-- by load first; '' while it is not free.
local function rank_of(s, class)
  if not free(s, class) then return '' end
  return class == 'voice' and int(s.idle) or int(s.use[class] * LOAD + s.idle % LOAD)
end

-- stand writes the seat down: its hash, and where it stands ready.
local function stand(s)
  for _, class in ipairs(CLASSES) do
    local rank = rank_of(s, class)
    if rank ~= s.ready[class] then
      for _, b in ipairs(s.stands) do
        if rank == '' then
          call('ZREM', key('r', class, b), s.id)
        else
          call('ZADD', key('r', class, b), int(s.tier[b] * BAND + tonumber(rank)), s.id)
        end
      end
      s.ready[class] = rank
    end
  end
  call('HSET', key('a', s.id), 'status', s.status, 'idle', int(s.idle),
    'use:voice', s.use.voice, 'use:message', s.use.message,
    'in:voice', s.ready.voice, 'in:message', s.ready.message)
end

-- rest counts what is left in a set, and names the first of it.
local function rest(name)
  return call('ZCARD', name), call('ZRANGE', name, 0, 0)[1] or ''
end

-- others says who else was there where the two met; at one seat it is nobody.
local function others(c, by, via)
  if by == 'assigned' or owner(via) then return 0, '' end
  if by == 'freed' then return rest(key('w', c.class, via)) end
  return rest(key('r', c.class, lender(via) or via))
end

-- reserve is the only code that joins a contact and a seat. by, via and tier
-- tell why. A seat that a contact has found is written down at once, one that
-- was freed in settle.
local function reserve(c, s, by, via, tier)
  local lease = now + c.ring + LEASE_SLACK
  local load, idle = s.use[c.class], now - s.idle
  c.ep, c.agent, c.via, c.acc = c.ep + 1, s.id, via, 0
  s.use[c.class] = load + 1
  offers = offers + 1
  leave_sets(c)
  call('ZADD', key('lease'), int(lease), c.id)
  call('SADD', key('ac', s.id), c.id)
  if by ~= 'freed' then stand(s) end
  local left, following = others(c, by, via)
  move(c, 'reserved', 'offered', s.id, {'by', by, 'via', via}, 'ep', c.ep, 'agent', s.id, 'via', via, 'acc', 0)
  order('offer', c, s.id, lease, 'seat', s.node, 'by', by, 'via', via, 'waited', int(now - c.enq), 'score', c.score,
    'tier', tier, 'load', load, 'idle', int(idle), 'others', left, 'next', following)
end

-- there says whether anybody serves the bucket, ready or away; for the bucket
-- of one seat, whether it is ready.
local function there(b)
  local agent = owner(b)
  if agent then
    local s = seat(agent)
    return s and s.status == 'ready'
  end
  return call('SCARD', key('s', lender(b) or b)) > 0
end

local function anyone(c)
  for _, b in ipairs(c.buckets) do
    if there(b) then return true end
  end
  return false
end

-- widen takes the contact's next step: it waits in further buckets, with the
-- same score.
local function widen(c)
  local _, list, left = next_step(c)
  local added = {}
  for _, b in ipairs(split(list)) do
    if not contains(c.buckets, b) then
      c.buckets[#c.buckets + 1] = b
      added[#added + 1] = b
      call('ZADD', key('w', c.class, b), c.score, c.id)
    end
  end
  note(c.class, added)
  c.steps = left
  if left == '' then call('ZREM', key('due'), c.id) else await(c) end
  local names = table.concat(added, ',')
  move(c, 'widened', 'wait', '', {'added', names}, 'buckets', table.concat(c.buckets, ','), 'steps', left)
  order('widen', c, '', 0, 'added', names)
end

-- take_steps takes all steps that are due, and further ones while nobody is
-- there who serves what the contact waits in.
local function take_steps(c)
  while true do
    local due = next_step(c)
    if not due or (due > now and anyone(c)) then return end
    widen(c)
  end
end

-- lendable counts the free seats of a bucket. Seats freed in this step are not
-- written down yet, so their standing is corrected.
local function lendable(class, from)
  local n = call('ZCARD', key('r', class, from))
  local seen = {}
  for _, id in ipairs(freed) do
    local s = seat(id)
    if s.tier[from] and not seen[id] then
      if s.ready[class] ~= '' then n = n - 1 end
      if free(s, class) then n = n + 1 end
    end
    seen[id] = true
  end
  return n
end

-- first_waiting is the longest waiter that the seat itself may serve, and the
-- set where it stands.
local function first_waiting(s)
  local best, best_score, where
  local function look(class, b)
    local name = key('w', class, b)
    local head = call('ZRANGE', name, 0, 0, 'WITHSCORES')
    if head[1] and before(tonumber(head[2]), head[1], best_score, best) then
      best, best_score, where = head[1], tonumber(head[2]), name
    end
  end
  for _, class in ipairs(CLASSES) do
    if free(s, class) then
      for _, b in ipairs(s.buckets) do look(class, b) end
      look(class, '@' .. s.id)
    end
  end
  return best, where
end

-- first_borrowing is the longest waiter that the seat may be lent to: more
-- seats than the bucket says must be free.
local function first_borrowing(s)
  local best, best_score, where
  for _, class in ipairs(CLASSES) do
    if free(s, class) then
      for _, b in ipairs(s.borrowed) do
        local name = key('w', class, b.name)
        local head = call('ZRANGE', name, 0, 0, 'WITHSCORES')
        if head[1] and before(tonumber(head[2]), head[1], best_score, best) and lendable(class, b.from) > b.reserve then
          best, best_score, where = head[1], tonumber(head[2]), name
        end
      end
    end
  end
  return best, where
end

-- where_met is the bucket in which the seat takes the contact, and the tier: of
-- all they share the best, of equals the contact's first.
local function where_met(s, c, borrowed)
  local via, tier
  for _, b in ipairs(c.buckets) do
    local from, reserve = lender(b)
    local mine = owner(b) == s.id and -1 or s.tier[b]
    local open = not from
    if borrowed then open = from and s.tier[from] and lendable(c.class, from) > reserve end
    if mine and open and (not tier or mine < tier) then via, tier = b, mine end
  end
  return via, tier and math.max(tier, 0)
end

-- feed gives the seat the longest waiters it may serve, until it is full; what
-- it may be lent to comes after all it serves itself. Who stands in a set
-- without waiting there is taken out of it.
local function feed(s)
  while true do
    local borrowed = false
    local id, where = first_waiting(s)
    if not id then
      borrowed = true
      id, where = first_borrowing(s)
    end
    if not id then return end
    local c, via, tier = contact(id), nil, nil
    if c and c.state == 'wait' and free(s, c.class) then via, tier = where_met(s, c, borrowed) end
    if via then reserve(c, s, 'freed', via, tier) else call('ZREM', where, id) end
  end
end

-- own_seat is the first in order of the free seats that the contact waits for
-- by name.
local function own_seat(c)
  local best, via, best_load
  for _, b in ipairs(c.buckets) do
    local agent = owner(b)
    local s = agent and seat(agent)
    if s and free(s, c.class) then
      local load = c.class == 'voice' and 0 or s.use[c.class]
      if not best or load < best_load or (load == best_load and before(s.idle, s.id, best.idle, best.id)) then
        best, via, best_load = s, b, load
      end
    end
  end
  return best, via
end

-- first_free is the first in order of the seats that are free in all buckets
-- of the contact, the bucket, and the set where it stands.
local function first_free(c)
  local best, best_score, via, where
  for _, b in ipairs(c.buckets) do
    local from, keep = lender(b)
    local ready = key('r', c.class, b)
    if not from or call('ZCARD', key('r', c.class, from)) > keep then
      local head = call('ZRANGE', ready, 0, 0, 'WITHSCORES')
      if head[1] and before(tonumber(head[2]), head[1], best_score, best) then
        best, best_score, via, where = head[1], tonumber(head[2]), b, ready
      end
    end
  end
  return best, via, where
end

-- place finds the best free seat for a waiting contact: one it waits for by
-- name, else the first in order. What stands ready without being free is taken
-- out of the set.
local function place(c)
  local own, b = own_seat(c)
  if own then return reserve(c, own, 'entered', b, 0) end
  while true do
    local id, via, where = first_free(c)
    if not id then return end
    local s = seat(id)
    local tier = s and s.tier[via]
    if tier and free(s, c.class) then return reserve(c, s, 'entered', via, tier) end
    call('ZREM', where, id)
  end
end

-- feed_freed lets each seat that was freed take the longest waiters it may
-- serve, and writes it down.
local function feed_freed()
  local ids = once(freed)
  for _, id in ipairs(ids) do feed(seat(id)) end
  for _, id in ipairs(ids) do stand(seat(id)) end
end

-- place_returned lets each contact that came, or came back, take its steps and
-- look for a seat.
local function place_returned()
  local back = once(returned, function(a, b)
    local x, y = tonumber(contacts[a].score), tonumber(contacts[b].score)
    if x ~= y then return x < y end
    return a < b
  end)
  for _, id in ipairs(back) do
    local c = contacts[id]
    if c.state == 'wait' then
      take_steps(c)
      place(c)
    end
  end
end

-- settle matches at the end of a step: first the seats, then the contacts.
local function settle()
  feed_freed()
  place_returned()
  return {'OK', offers}
end
