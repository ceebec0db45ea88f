-- Stands before every script.
--
-- KEYS[1]  the hall's prefix, such as "{12345}:"; all keys begin with it and
--          so lie in one slot
-- ARGV[1]  time in ms, tests only; "" means the queue's own clock
-- output   {status, offers, …}: status is OK, STALE, FENCED, UNKNOWN or SCHEMA
--
-- Every script is one step. It reads contacts and seats into tables, moves
-- contacts at once, and writes seats at the end, in settle.

local prefix = KEYS[1]
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
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

local function key(...) return prefix .. table.concat({...}, ':') end

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

-- A node lives until it is fenced; that its lease has run out is not enough.
local function alive(node)
  if living[node] == nil then
    living[node] = redis.call('ZSCORE', key('nodes'), node) and true or false
  end
  return living[node]
end

local function contact(id)
  if contacts[id] then return contacts[id] end
  local v = redis.call('HMGET', key('c', id), 'state', 'class', 'buckets', 'score', 'anchor', 'ep', 'agent', 'ring', 'enq')
  if not v[1] then return nil end
  local c = {
    id = id, state = v[1], class = v[2] or '', buckets = split(v[3]), score = v[4], anchor = v[5] or '',
    ep = tonumber(v[6] or 0), agent = v[7] or '', ring = tonumber(v[8] or 0), enq = tonumber(v[9] or 0),
  }
  contacts[id] = c
  return c
end

-- meet notes a contact that the queue never saw; move writes it.
local function meet(id, class, bucket_list, rank, ring)
  local c = {
    id = id, state = 'new', class = class, buckets = split(bucket_list), anchor = '',
    score = int(tonumber(rank) + now), ep = 0, agent = '', ring = tonumber(ring), enq = now,
  }
  contacts[id] = c
  redis.call('HSET', key('c', id), 'class', class, 'buckets', bucket_list, 'score', c.score,
    'ring', c.ring, 'enq', int(now))
  for _, b in ipairs(c.buckets) do redis.call('SADD', key('buckets'), class .. ':' .. b) end
  return c
end

-- anchor_at gives the contact to a living node; one that was lost lives again.
local function anchor_at(c, node)
  if c.anchor ~= '' and c.anchor ~= node then redis.call('SREM', key('nc', c.anchor), c.id) end
  redis.call('SADD', key('nc', node), c.id)
  if c.state == 'lost' then
    redis.call('PERSIST', key('c', c.id))
    redis.call('HDEL', key('c', c.id), 'cause')
  end
  c.anchor = node
end

local function seat(id)
  if seats[id] then return seats[id] end
  local v = redis.call('HMGET', key('a', id), 'node', 'status', 'buckets', 'slots', 'idle', 'use:voice', 'use:message', 'in:voice', 'in:message')
  if not v[1] then return nil end
  local s = {
    id = id, node = v[1], status = v[2], idle = tonumber(v[5]),
    use = {voice = tonumber(v[6]), message = tonumber(v[7])},
    ready = {voice = v[8], message = v[9]}, -- time and load it stands ready with, or ''
  }
  s.buckets, s.tier = pairs_of(v[3])
  local _, slots = pairs_of(v[4])
  s.slots = slots
  seats[id] = s
  return s
end

local function free(s, class)
  return s.status == 'ready' and s.use[class] < (s.slots[class] or 0)
end

-- move takes the contact to its next state and writes the log entry.
local function move(c, event, to, agent, ...)
  redis.call('HSET', key('c', c.id), 'state', to, ...)
  redis.call('XADD', key('log'), 'MAXLEN', '~', LOG, '*', 'contact', c.id, 'event', event,
    'from', c.state, 'to', to, 'agent', agent, 'token', c.ep, 'at', int(now))
  c.state = to
end

-- order sends a command to the node that anchors the contact, if it lives.
local function order(kind, c, agent, expires)
  if not alive(c.anchor) then return end
  redis.call('XADD', key('in', c.anchor), 'MAXLEN', '~', INBOX, '*', 'kind', kind, 'contact', c.id,
    'agent', agent, 'token', c.ep, 'expires', int(expires))
end

-- enter and leave_sets put the contact into its waiting sets and take it out.
local function enter(c)
  for _, b in ipairs(c.buckets) do redis.call('ZADD', key('w', c.class, b), c.score, c.id) end
end

local function leave_sets(c)
  for _, b in ipairs(c.buckets) do redis.call('ZREM', key('w', c.class, b), c.id) end
end

-- reserve is the only code that joins a contact and a seat.
local function reserve(c, s)
  local lease = now + c.ring + LEASE_SLACK
  c.ep = c.ep + 1
  c.agent = s.id
  s.use[c.class] = s.use[c.class] + 1
  offers = offers + 1
  leave_sets(c)
  redis.call('ZADD', key('lease'), int(lease), c.id)
  redis.call('SADD', key('ac', s.id), c.id)
  move(c, 'reserved', 'offered', s.id, 'ep', c.ep, 'agent', s.id)
  order('offer', c, s.id, lease)
end

-- part frees the contact's seat, if it has one, and returns its name.
local function part(c)
  local agent = c.agent
  if agent == '' then return agent end
  local s = seat(agent)
  s.use[c.class] = s.use[c.class] - 1
  s.idle = now
  freed[#freed + 1] = agent
  redis.call('SREM', key('ac', agent), c.id)
  redis.call('ZREM', key('lease'), c.id)
  c.agent = ''
  return agent
end

-- requeue parts contact and seat: the contact waits at its old place.
local function requeue(c, event)
  move(c, event, 'wait', part(c), 'agent', '')
  enter(c)
  returned[#returned + 1] = c.id
end

-- finish is the end of the contact, whatever its state; its seat is free. to
-- is ended, or lost: then it may turn out to live.
local function finish(c, event, cause, to)
  if c.state == 'wait' then leave_sets(c) end
  move(c, event, to, part(c), 'agent', '', 'cause', cause)
  if c.anchor ~= '' then redis.call('SREM', key('nc', c.anchor), c.id) end
  redis.call('EXPIRE', key('c', c.id), KEEP_ENDED)
end

-- park keeps a seat that did not answer from getting the next contact.
local function park(agent)
  local s = seat(agent)
  if s.status == 'ready' then s.status = 'away' end
  freed[#freed + 1] = agent
end

-- revoke_all takes back what rings at a seat that is gone.
local function revoke_all(agent)
  local ids = redis.call('SMEMBERS', key('ac', agent))
  table.sort(ids)
  for _, id in ipairs(ids) do
    local c = contact(id)
    if c.state == 'offered' then
      requeue(c, 'seat_lost')
      order('revoke', c, agent, 0)
    end
  end
end

local function before(score, id, best_score, best)
  return not best or score < best_score or (score == best_score and id < best)
end

-- feed gives the seat the longest waiters it may serve, until it is full.
local function feed(s)
  while true do
    local best, best_score
    for _, class in ipairs(CLASSES) do
      if free(s, class) then
        for _, b in ipairs(s.buckets) do
          local head = redis.call('ZRANGE', key('w', class, b), 0, 0, 'WITHSCORES')
          if head[1] and before(tonumber(head[2]), head[1], best_score, best) then
            best, best_score = head[1], tonumber(head[2])
          end
        end
      end
    end
    if not best then return end
    reserve(contact(best), s)
  end
end

-- stand writes the seat down: its hash, and where it stands ready. Seats of
-- one tier go by idle time, for messages by load first.
local function stand(s)
  for _, class in ipairs(CLASSES) do
    local rank = ''
    if free(s, class) then
      rank = class == 'voice' and int(s.idle) or int(s.use[class] * LOAD + s.idle % LOAD)
    end
    if rank ~= s.ready[class] then
      for _, b in ipairs(s.buckets) do
        if rank == '' then
          redis.call('ZREM', key('r', class, b), s.id)
        else
          redis.call('ZADD', key('r', class, b), int(s.tier[b] * BAND + tonumber(rank)), s.id)
        end
      end
      s.ready[class] = rank
    end
  end
  redis.call('HSET', key('a', s.id), 'status', s.status, 'idle', int(s.idle),
    'use:voice', s.use.voice, 'use:message', s.use.message,
    'in:voice', s.ready.voice, 'in:message', s.ready.message)
end

-- place finds the best free seat for a waiting contact.
local function place(c)
  if c.state ~= 'wait' then return end
  local best, best_score
  for _, b in ipairs(c.buckets) do
    local head = redis.call('ZRANGE', key('r', c.class, b), 0, 0, 'WITHSCORES')
    if head[1] and before(tonumber(head[2]), head[1], best_score, best) then
      best, best_score = head[1], tonumber(head[2])
    end
  end
  if best then
    local s = seat(best)
    reserve(c, s)
    stand(s)
  end
end

-- settle matches at the end of a step: each freed seat takes the longest
-- waiters it may serve, then each contact that came back looks for a seat.
local function settle()
  table.sort(freed)
  for _, id in ipairs(freed) do feed(seat(id)) end
  local last
  for _, id in ipairs(freed) do
    if id ~= last then stand(seat(id)) end
    last = id
  end
  table.sort(returned, function(a, b)
    local x, y = tonumber(contacts[a].score), tonumber(contacts[b].score)
    if x ~= y then return x < y end
    return a < b
  end)
  for _, id in ipairs(returned) do place(contacts[id]) end
end

local function done(...)
  settle()
  return {'OK', offers, ...}
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
  redis.call('ZREM', key('nodes'), node)
  redis.call('SADD', key('dead'), node)
  redis.call('ZADD', key('fenced'), int(now), node)
  redis.call('ZREMRANGEBYSCORE', key('fenced'), '-inf', int(now - KEEP_FENCED))
  living[node] = false
end

-- notice_silence gives all nodes one lease of grace when nobody has renewed for
-- half a lease: Redis stood still, or none of them could reach it. What was
-- sent before waits in its sockets and comes in any order.
local function notice_silence()
  local newest = redis.call('ZREVRANGE', key('nodes'), 0, 0, 'WITHSCORES')[2]
  if newest and now - (tonumber(newest) - NODE_LEASE) > NODE_LEASE / 2 then
    redis.call('SET', key('grace'), int(now + NODE_LEASE))
  end
end

-- notice_restart gives all nodes one lease of grace when this Redis process
-- is not the one of the last call: nobody could renew while it was away.
local function notice_restart()
  local id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''
  local last = redis.call('GET', key('run'))
  if last == id then return end
  redis.call('SET', key('run'), id)
  if last then redis.call('SET', key('grace'), int(now + NODE_LEASE)) end
end
