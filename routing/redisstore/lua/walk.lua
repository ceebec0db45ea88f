-- walk examines the next part of the hall, tells what is wrong and mends what
-- would strand somebody. It goes round all keys: each contact and each seat is
-- compared with the sets it belongs to, each member of a set with its contact
-- or seat.
-- Output 3…: one line a breach

local MOST = 200       -- members a call
local SMALL = 128      -- a sorted set up to this size is scanned in one go
local TOLD = 100       -- lines a call
local SCANS = 10       -- looks at the keys a call: there may be others than ours
local SORTED = {w = true, r = true, l = true, due = true, lease = true}
local PLAIN = {nc = true, ac = true, na = true, s = true}

local breaches, examined = {}, 0
local rounds = tonumber(call('HGET', key('walk'), 'rounds') or 0)
local seen_contact, seen_seat = {}, {}
local check_contact, check_seat -- each may call the other

local function tell(...)
  if #breaches < TOLD then breaches[#breaches + 1] = string.format(...) end
end

local function open(c) return c.state ~= 'ended' and c.state ~= 'lost' end

local function holding(c) return c.state == 'offered' or c.state == 'talking' or c.state == 'wrapping' end

-- sweepable lets a node be swept that is neither alive nor being swept.
local function sweepable(node, who)
  if node == '' or alive(node) or call('SISMEMBER', key('dead'), node) == 1 then return end
  tell('%s is at node %s, which is neither alive nor swept', who, node)
  call('SADD', key('dead'), node)
end

-- ranked compares a member's score in a sorted set with what it should be, nil
-- for not at all; true when it was wrong and is mended.
local function ranked(kind, a, b, member, want)
  local name = key(kind, a, b)
  local got = tonumber(call('ZSCORE', name, member) or nil)
  if got == want then return false end
  local where = string.sub(name, #prefix + 1)
  if want then
    tell(got and '%s is at a wrong place in %s' or '%s is missing from %s', member, where)
    call('ZADD', name, int(want), member)
  else
    tell('%s strays in %s', member, where)
    call('ZREM', name, member)
  end
  return true
end

-- within is the same for a set without scores.
local function within(kind, owner_of, member, want)
  local name = key(kind, owner_of)
  if (call('SISMEMBER', name, member) == 1) == want then return false end
  tell(want and '%s is missing from %s' or '%s strays in %s', member, string.sub(name, #prefix + 1))
  call(want and 'SADD' or 'SREM', name, member)
  return true
end

-- unhold mends a contact that claims a seat without holding it, or the other way.
local function unhold(c)
  tell('contact %s is %s with agent "%s"', c.id, c.state, c.agent)
  local agent = c.agent
  if agent ~= '' then
    call('HSET', key('c', c.id), 'agent', '')
    call('SREM', key('ac', agent), c.id)
    c.agent = ''
    check_seat(agent)
  elseif c.state == 'wrapping' then
    finish(c, 'completed', 'agent_ended', 'ended')
  else
    requeue(c, 'seat_lost')
  end
end

-- at_seat compares the contact with the seat that holds it.
local function at_seat(c)
  if not seat(c.agent) then
    tell('contact %s is with agent %s, who has no seat', c.id, c.agent)
    meet_seat(c.agent, c.anchor, c.class)
  end
  if within('ac', c.agent, c.id, true) then check_seat(c.agent) end
end

-- kept compares the contact's life in the store with its state.
local function kept(c)
  local ttl = call('TTL', key('c', c.id))
  if open(c) and ttl >= 0 then
    tell('contact %s is %s and would be forgotten', c.id, c.state)
    call('PERSIST', key('c', c.id))
  elseif not open(c) and ttl < 0 then
    tell('contact %s is %s and would be kept for ever', c.id, c.state)
    call('EXPIRE', key('c', c.id), KEEP_ENDED)
  end
end

-- waits compares the contact with the sets of those that wait.
local function waits(c)
  local wait = c.state == 'wait'
  local wrong = false
  for _, b in ipairs(c.buckets) do
    wrong = ranked('w', c.class, b, c.id, wait and tonumber(c.score) or nil) or wrong
  end
  if c.line ~= '' then ranked('l', c.class, c.line, c.id, wait and c.enq or nil) end
  ranked('due', nil, nil, c.id, wait and next_step(c) or nil)
  if wrong and wait then returned[#returned + 1] = c.id end
end

check_contact = function(id)
  local c = contact(id)
  if not c or seen_contact[id] then return end
  seen_contact[id] = true
  if holding(c) ~= (c.agent ~= '') then unhold(c) end
  if holding(c) then at_seat(c) end
  local lease
  if c.state == 'offered' then
    lease = tonumber(call('ZSCORE', key('lease'), id) or now + c.ring + LEASE_SLACK)
  end
  ranked('lease', nil, nil, id, lease)
  if c.anchor ~= '' then within('nc', c.anchor, id, open(c)) end
  if open(c) then sweepable(c.anchor, 'contact ' .. id) end
  waits(c)
  kept(c)
end

-- counted compares the seat's counters with the contacts that it holds.
local function counted(s)
  local used = {voice = 0, message = 0}
  for _, id in ipairs(call('SMEMBERS', key('ac', s.id))) do
    local c = contact(id)
    examined = examined + 1
    if c and holding(c) and c.agent == s.id then
      used[c.class] = used[c.class] + 1
    else
      tell('%s strays in ac:%s', id, s.id)
      call('SREM', key('ac', s.id), id)
    end
  end
  local wrong, suspect = false, s.id .. ' is suspect'
  for _, class in ipairs(CLASSES) do
    if s.use[class] ~= used[class] then
      wrong = true
      tell('seat %s counts %s of %s and has %d', s.id, tostring(s.use[class]), class, used[class])
    end
  end
  if not wrong then
    call('HDEL', key('walk'), suspect)
    return false
  end
  -- A contact may be missing from the seat's set: its own turn puts it there. So
  -- a slot is given free only when a whole round has changed nothing.
  local since = tonumber(call('HGET', key('walk'), suspect) or nil)
  if not since then call('HSET', key('walk'), suspect, rounds) end
  local sure = since and since < rounds
  for _, class in ipairs(CLASSES) do
    if sure or used[class] > (s.use[class] or 0) then s.use[class] = used[class] end
  end
  if sure then call('HDEL', key('walk'), suspect) end
  return true
end

-- stands compares the seat with the sets of those that are free.
local function stands(s)
  local wrong = false
  for _, class in ipairs(CLASSES) do
    local rank = rank_of(s, class)
    for _, b in ipairs(s.stands) do
      wrong = ranked('r', class, b, s.id, rank ~= '' and s.tier[b] * BAND + tonumber(rank) or nil) or wrong
    end
    s.ready[class] = rank
  end
  return wrong
end

-- idles says whether somebody waits for the free seat.
local function idles(s)
  local head = first_waiting(s)
  local c = head and contact(head)
  if not c or c.state ~= 'wait' then return false end
  tell('seat %s is free while %s waits', s.id, head)
  return true
end

check_seat = function(id)
  local s = seat(id)
  if not s or seen_seat[id] then return end
  seen_seat[id] = true
  local here = s.status ~= 'offline'
  within('na', s.node, id, here)
  for _, b in ipairs(s.buckets) do
    if s.old and here then call('SADD', key('s', b), id) else within('s', b, id, here) end
  end
  if here then sweepable(s.node, 'seat ' .. id) end
  local miscounted, misplaced = counted(s), stands(s)
  if miscounted or misplaced or idles(s) then freed[#freed + 1] = id end
end

-- belongs says whether a member has a place in a set.
local function belongs(kind, a, b, member)
  if kind == 'r' or kind == 'na' or kind == 's' then
    local s = seat(member)
    if not s then return false end
    if kind == 'r' then return contains(s.stands, b) and free(s, a) end
    if kind == 'na' then return s.node == a and s.status ~= 'offline' end
    return s.tier[a] and s.status ~= 'offline'
  end
  local c = contact(member)
  if not c then return false end
  if kind == 'w' then return c.state == 'wait' and c.class == a and contains(c.buckets, b) end
  if kind == 'l' then return c.state == 'wait' and c.class == a and c.line == b end
  if kind == 'due' then return c.state == 'wait' and c.steps ~= '' end
  if kind == 'lease' then return c.state == 'offered' end
  if kind == 'nc' then return open(c) and c.anchor == a end
  return holding(c) and c.agent == a
end

-- member examines one member of a set.
local function member(short, kind, a, b, m)
  examined = examined + 1
  if belongs(kind, a, b, m) then return end
  tell('%s strays in %s', m, short)
  call(SORTED[kind] and 'ZREM' or 'SREM', prefix .. short, m)
  check_contact(m)
  check_seat(m)
end

-- names splits "w:voice:general" into kind, class and bucket.
local function names(short)
  local kind, others_of = string.match(short, '^([^:]+):?(.*)$')
  local a, b = string.match(others_of, '^([^:]*):(.*)$')
  return kind, a or others_of, b
end

-- part_of examines a part of a set and returns where it goes on, '0' for its end.
local function part_of(short, from, most)
  local kind, a, b = names(short)
  local page = call(SORTED[kind] and 'ZSCAN' or 'SSCAN', prefix .. short, from, 'COUNT', most)
  examined = examined + 1
  for i = 1, #page[2], SORTED[kind] and 2 or 1 do member(short, kind, a, b, page[2][i]) end
  return page[1]
end

-- all_at_once says that a set does not fit any more: a small one comes whole.
local function all_at_once(short, most)
  local kind = names(short)
  local n = SORTED[kind] and call('ZCARD', prefix .. short) or 0
  return n <= SMALL and n > most
end

-- look reads further keys: contacts and seats are examined at once, sets are
-- put on the list.
local function look(from, most, todo)
  local page = call('SCAN', from, 'MATCH', prefix .. '*', 'COUNT', most)
  for _, name in ipairs(page[2]) do
    local short = string.sub(name, #prefix + 1)
    local kind, id = names(short)
    examined = examined + 1
    if kind == 'c' then check_contact(id) end
    if kind == 'a' then check_seat(id) end
    if SORTED[kind] or PLAIN[kind] then todo[#todo + 1] = short end
  end
  return page[1]
end

local at = call('HMGET', key('walk'), 'keys', 'todo', 'set', 'calls')
local keys_at, set_at, todo, calls = at[1] or '0', at[3] or '0', {}, tonumber(at[4] or 0) + 1
for short in string.gmatch(at[2] or '', '%S+') do todo[#todo + 1] = short end
local scans = 0
while examined < MOST * 3 / 4 and scans < SCANS do
  local most = math.floor((MOST - examined) * 3 / 4)
  if todo[1] then
    if set_at == '0' and examined > 0 and all_at_once(todo[1], MOST - examined) then break end
    set_at = part_of(todo[1], set_at, most)
    if set_at == '0' then table.remove(todo, 1) end
  elseif keys_at == 'end' then
    call('HINCRBY', key('walk'), 'rounds', 1)
    call('HSET', key('walk'), 'round', calls)
    keys_at, calls = '0', 0
    break
  else
    keys_at, scans = look(keys_at, most, todo), scans + 1
    if keys_at == '0' then keys_at = 'end' end
  end
end
call('HSET', key('walk'), 'keys', keys_at, 'todo', table.concat(todo, ' '), 'set', set_at, 'calls', calls)
settle()
return {'OK', offers, unpack(breaches)}
