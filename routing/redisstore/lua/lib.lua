-- Stands before every script, and match.lua after it.
--
-- KEYS[1]  the hall's prefix, such as "{12345}:"; all keys begin with it and
--          so lie in one slot
-- ARGV[1]  time in ms, tests only; "" means the queue's own clock
-- output   {status, offers, …}: status is OK, STALE, FENCED, BUSY, UNKNOWN or
--          SCHEMA
--
-- Every script is one step. It reads contacts and seats into tables, moves
-- contacts at once, and writes seats at the end, in settle.

local call = redis.call
local prefix = KEYS[1]
local now = tonumber(ARGV[1])
if not now then
  local t = call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end

local LEASE_SLACK = 3000      -- routing.LeaseSlack
local NODE_LEASE = 5000       -- routing.NodeLease
local BATCH = 100             -- routing.Batch
local KEEP_ENDED = 3600       -- s; a repeated command finds its contact so long
local KEEP_FENCED = 2592000000 -- ms; a fenced name stays fenced for 30 days
local INBOX = 10000           -- orders kept a node
local LOG = 100000            -- transitions kept
local BAND = 1e13             -- ms; wider than any time of entry
local LOAD = 1e10             -- ms; idle time wraps there in a message seat's score
local CLASSES = {'voice', 'message'}

local offers = 0
local contacts, seats, living = {}, {}, {}
local freed, returned = {}, {} -- seats and contacts to be matched in settle

-- Numbers leave as decimal integers: Lua's own form loses digits above 1e14.
local function int(x) return string.format('%.0f', x) end

local function key(kind, a, b)
  if b then return prefix .. kind .. ':' .. a .. ':' .. b end
  if a then return prefix .. kind .. ':' .. a end
  return prefix .. kind
end

local function split(s)
  local list = {}
  for item in string.gmatch(s or '', '[^,]+') do list[#list + 1] = item end
  return list
end

-- pairs_of reads "general=0,tax=1" into a list of names and a map.
local function pairs_of(s)
  local names, map = {}, {}
  for name, n in string.gmatch(s or '', '([^,=]+)=(%d+)') do
    names[#names + 1] = name
    map[name] = tonumber(n)
  end
  return names, map
end

local function contains(list, item)
  for _, other in ipairs(list) do
    if other == item then return true end
  end
  return false
end

-- once sorts a list and drops what is in it twice.
local function once(list, less)
  table.sort(list, less)
  local out = {}
  for _, item in ipairs(list) do
    if item ~= out[#out] then out[#out + 1] = item end
  end
  return out
end

-- lender reads "general!2"; nil for a bucket that is not borrowed.
local function lender(b)
  if not string.find(b, '!', 1, true) then return nil end
  local from, reserve = string.match(b, '^(.+)!(%d+)$')
  return from, tonumber(reserve)
end

-- owner reads "@1001"; nil for a bucket that is not one seat's.
local function owner(b)
  if string.byte(b) == 64 then return string.sub(b, 2) end
end

-- A node lives until it is fenced; that its lease has run out is not enough.
local function alive(node)
  if living[node] == nil then
    living[node] = call('ZSCORE', key('nodes'), node) and true or false
  end
  return living[node]
end

-- contact reads one; what version 1 did not write has its default.
local function contact(id)
  if contacts[id] then return contacts[id] end
  local v = call('HMGET', key('c', id), 'state', 'class', 'buckets', 'score', 'anchor', 'ep', 'agent', 'ring', 'enq',
    'line', 'steps', 'via', 'acc')
  if not v[1] then return nil end
  local c = {
    id = id, state = v[1], class = v[2] or '', buckets = split(v[3]), score = v[4], anchor = v[5] or '',
    ep = tonumber(v[6] or 0), agent = v[7] or '', ring = tonumber(v[8] or 0), enq = tonumber(v[9] or 0),
    line = v[10] or '', steps = v[11] or '', via = v[12] or '', acc = tonumber(v[13] or 0),
  }
  contacts[id] = c
  return c
end

-- note remembers which waiting sets there are. Those of one seat are not
-- listed: they would be as many as agents.
local function note(class, buckets)
  local names = {}
  for _, b in ipairs(buckets) do
    if not owner(b) then names[#names + 1] = class .. ':' .. b end
  end
  if names[1] then call('SADD', key('buckets'), unpack(names)) end
end

-- route gives the contact its line, buckets and steps "10000:a,b;60000:c", its
-- score from band·1e13 − credit, and its ring time.
local function route(c, bucket_list, rank, ring, line, steps)
  c.buckets, c.score, c.ring, c.line, c.steps = split(bucket_list), int(tonumber(rank) + c.enq), tonumber(ring), line, steps
  call('HSET', key('c', c.id), 'class', c.class, 'enq', int(c.enq), 'buckets', bucket_list, 'score', c.score,
    'ring', c.ring, 'line', line, 'steps', steps)
  note(c.class, c.buckets)
  if line ~= '' then call('SADD', key('lines'), c.class .. ':' .. line) end
end

-- meet notes a contact that the queue never saw, out of the arguments 2 to 10
-- that enqueue and reassert share; move writes the rest.
local function meet()
  local id, class = ARGV[2], ARGV[3]
  local c = {
    id = id, state = 'new', class = class, anchor = '', ep = 0, agent = '', enq = now - tonumber(ARGV[10]), via = '', acc = 0,
  }
  contacts[id] = c
  route(c, ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9])
  return c
end

-- anchor_at gives the contact to a living node; one that was lost lives again.
local function anchor_at(c, node)
  if c.anchor ~= '' and c.anchor ~= node then call('SREM', key('nc', c.anchor), c.id) end
  call('SADD', key('nc', node), c.id)
  if c.state == 'lost' then
    call('PERSIST', key('c', c.id))
    call('HDEL', key('c', c.id), 'cause')
  end
  c.anchor = node
end

-- serve says which buckets a seat serves, its own and those that it lends to;
-- it stands ready in both.
local function serve(s, list)
  local all, tier = pairs_of(list)
  s.buckets, s.borrowed, s.stands, s.tier = {}, {}, {}, tier
  for _, b in ipairs(all) do
    local from, reserve = lender(b)
    if not from then
      s.buckets[#s.buckets + 1] = b
    elseif tier[from] then
      s.borrowed[#s.borrowed + 1] = {name = b, from = from, reserve = reserve}
    end
    if not from or tier[from] then s.stands[#s.stands + 1] = b end
  end
end

-- fills says which classes fill the seat.
local function fills(s, list)
  s.excludes = {}
  for _, class in ipairs(split(list)) do s.excludes[class] = true end
end

local function seat(id)
  if seats[id] then return seats[id] end
  local v = call('HMGET', key('a', id), 'node', 'status', 'buckets', 'slots', 'idle', 'use:voice', 'use:message',
    'in:voice', 'in:message', 'excludes')
  if not v[1] then return nil end
  local s = {
    id = id, node = v[1], status = v[2], idle = tonumber(v[5]),
    use = {voice = tonumber(v[6]), message = tonumber(v[7])},
    ready = {voice = v[8], message = v[9]}, -- time and load it stands ready with, or ''
  }
  s.old = not v[10] -- written by version 1
  serve(s, v[3])
  local _, slots = pairs_of(v[4])
  s.slots = slots
  fills(s, v[10])
  seats[id] = s
  return s
end

-- meet_seat notes a seat that the queue never saw, offline: its desk will say more.
local function meet_seat(agent, node, class)
  call('HSET', key('a', agent), 'node', node, 'status', 'offline', 'buckets', '', 'slots', class .. '=1', 'excludes', '',
    'idle', int(now), 'use:voice', 0, 'use:message', 0, 'in:voice', '', 'in:message', '')
end

-- free says whether the seat takes one more of the class.
local function free(s, class)
  if s.status ~= 'ready' or s.use[class] >= (s.slots[class] or 0) then return false end
  for _, other in ipairs(CLASSES) do
    if other ~= class and s.use[other] > 0 and s.excludes[other] then return false end
  end
  return true
end

-- move takes the contact to its next state and writes the log entry. notes are
-- further fields of the entry, the rest further fields of the contact.
local function move(c, event, to, agent, notes, ...)
  call('HSET', key('c', c.id), 'state', to, ...)
  call('XADD', key('log'), 'MAXLEN', '~', LOG, '*', 'contact', c.id, 'event', event,
    'from', c.state, 'to', to, 'agent', agent, 'token', c.ep, 'at', int(now), unpack(notes or {}))
  c.state = to
end

-- order_to sends a command about the contact to a node, order to the one that
-- anchors it, if it lives.
local function order_to(node, kind, c, agent, expires, ...)
  call('XADD', key('in', node), 'MAXLEN', '~', INBOX, '*', 'kind', kind, 'contact', c.id,
    'agent', agent, 'token', c.ep, 'expires', int(expires), ...)
end

local function order(kind, c, ...)
  if alive(c.anchor) then order_to(c.anchor, kind, c, ...) end
end

-- next_step reads the contact's first step that is not yet taken: when it is
-- due, what it adds, and the steps after it. nil when none is left.
local function next_step(c)
  if c.steps == '' then return nil end
  local after, list, rest = string.match(c.steps, '^(%d+):([^;]*);?(.*)$')
  return c.enq + tonumber(after), list, rest
end

-- await notes when the contact's next step is due.
local function await(c)
  local due = next_step(c)
  if due then call('ZADD', key('due'), int(due), c.id) end
end

-- enter and leave_sets put the contact into its waiting sets and take it out.
local function enter(c)
  for _, b in ipairs(c.buckets) do call('ZADD', key('w', c.class, b), c.score, c.id) end
  if c.line ~= '' then call('ZADD', key('l', c.class, c.line), int(c.enq), c.id) end
  await(c)
end

local function leave_sets(c)
  for _, b in ipairs(c.buckets) do call('ZREM', key('w', c.class, b), c.id) end
  if c.line ~= '' then call('ZREM', key('l', c.class, c.line), c.id) end
  if c.steps ~= '' then call('ZREM', key('due'), c.id) end
end

-- part frees the contact's seat, if it has one, and returns its name.
local function part(c)
  local agent = c.agent
  if agent == '' then return agent end
  local s = seat(agent)
  s.use[c.class] = s.use[c.class] - 1
  s.idle = now
  freed[#freed + 1] = agent
  call('SREM', key('ac', agent), c.id)
  if c.state == 'offered' then call('ZREM', key('lease'), c.id) end
  c.agent = ''
  return agent
end

-- requeue parts contact and seat: the contact waits at its old place. Further
-- fields are written with it.
local function requeue(c, event, ...)
  move(c, event, 'wait', part(c), nil, 'agent', '', ...)
  enter(c)
  returned[#returned + 1] = c.id
end

-- finish is the end of the contact, whatever its state; its seat is free. to
-- is ended, or lost: then it may turn out to live.
local function finish(c, event, cause, to)
  if c.state == 'wait' then leave_sets(c) end
  move(c, event, to, part(c), nil, 'agent', '', 'cause', cause)
  if c.anchor ~= '' then call('SREM', key('nc', c.anchor), c.id) end
  call('EXPIRE', key('c', c.id), KEEP_ENDED)
end

-- park keeps a seat that did not answer from getting the next contact.
local function park(agent)
  local s = seat(agent)
  if s.status == 'ready' then s.status = 'away' end
  freed[#freed + 1] = agent
end

-- revoke_all takes back what rings at a seat that is gone.
local function revoke_all(agent)
  local ids = call('SMEMBERS', key('ac', agent))
  table.sort(ids)
  for _, id in ipairs(ids) do
    local c = contact(id)
    if c.state == 'offered' then
      requeue(c, 'seat_lost')
      order('revoke', c, agent, 0)
    end
  end
end

-- held returns the contact of ARGV[2] for who holds the token of ARGV[3], or
-- nil and the reply that refuses.
local function held()
  local c = contact(ARGV[2])
  if not c then return nil, {'UNKNOWN', 0} end
  if c.anchor ~= '' and not alive(c.anchor) then return nil, {'FENCED', 0} end
  local token = tonumber(ARGV[3])
  if c.ep ~= token or token == 0 then return nil, {'STALE', 0} end
  return c
end

-- fence declares a node dead: it may never write again under this name.
local function fence(node)
  call('ZREM', key('nodes'), node)
  call('SADD', key('dead'), node)
  call('ZADD', key('fenced'), int(now), node)
  call('ZREMRANGEBYSCORE', key('fenced'), '-inf', int(now - KEEP_FENCED))
  living[node] = false
end

-- notice_silence gives all nodes one lease of grace when nobody has renewed for
-- half a lease: Redis stood still, or none of them could reach it. What was
-- sent before waits in its sockets and comes in any order.
local function notice_silence()
  local newest = call('ZREVRANGE', key('nodes'), 0, 0, 'WITHSCORES')[2]
  if newest and now - (tonumber(newest) - NODE_LEASE) > NODE_LEASE / 2 then
    call('SET', key('grace'), int(now + NODE_LEASE))
  end
end

-- notice_restart gives all nodes one lease of grace when this Redis process
-- is not the one of the last call: nobody could renew while it was away.
local function notice_restart()
  local id = string.match(call('INFO', 'server'), 'run_id:(%x+)') or ''
  local last = call('GET', key('run'))
  if last == id then return end
  call('SET', key('run'), id)
  if last then call('SET', key('grace'), int(now + NODE_LEASE)) end
end
