package redislog

// lib begins every script. KEYS[1] is the prefix of all keys, with the hall's
// hash tag; a conversation's key is not known before its visitor's was read.
const lib = `
local p = KEYS[1]
local week = 7 * 24 * 3600 * 1000
local function get(conv, field) return redis.call('HGET', p .. 'c:' .. conv, field) end
local function note(conv, kind, at, ...)
  local seq = redis.call('HINCRBY', p .. 'c:' .. conv, 'seq', 1)
  redis.call('XADD', p .. 'l:' .. conv, seq .. '-0', 'kind', kind, 'at', at, ...)
  local ref = get(conv, 'ref')
  redis.call('HINCRBY', p .. 'v:' .. ref, 'n', 1)
  redis.call('PUBLISH', p .. 'news', ref)
  return seq
end
local function judge(conv, term)
  local got = redis.call('HMGET', p .. 'c:' .. conv, 'phase', 'term')
  if not got[1] then return 'UNKNOWN' end
  if term ~= '' and got[2] ~= term then return 'MOVED' end
  if got[1] == 'closed' then return 'CLOSED' end
end
local function remembered(key, text)
  local kept = redis.call('HMGET', key, 'hash', 'conv', 'seq', 'said', 'id', 'at')
  if not kept[1] then return end
  if kept[1] ~= redis.sha1hex(text) then return {'REUSED'} end
  return {'SAME', kept[2], tonumber(kept[3]), tonumber(kept[4]), kept[5], tonumber(kept[6])}
end
local function remember(key, text, conv, seq, said, id, at)
  redis.call('HSET', key, 'hash', redis.sha1hex(text), 'conv', conv, 'seq', seq, 'said', said, 'id', id, 'at', at)
  redis.call('PEXPIRE', key, week)
end
local function finish(conv, cause, at)
  note(conv, 'closed', at, 'cause', cause)
  redis.call('HSET', p .. 'c:' .. conv, 'phase', 'closed', 'cause', cause)
  redis.call('HDEL', p .. 'c:' .. conv, 'place', 'low', 'high')
  redis.call('ZREM', p .. 'open', conv)
  redis.call('PEXPIRE', p .. 'c:' .. conv, week)
  redis.call('PEXPIRE', p .. 'l:' .. conv, week)
end
`

// ARGV: ref, visitor, account, topic, cmid, text, message, candidate, node, at, most.
const appendScript = lib + `
local ref, visitor, account, topic, cmid, text, id, candidate, node, at, most = unpack(ARGV)
local memory = p .. 'k:' .. ref .. ':' .. cmid
local kept = remembered(memory, text)
if kept then return kept end
local conv = redis.call('HGET', p .. 'v:' .. ref, 'conv')
local phase = conv and get(conv, 'phase')
local status = 'OK'
if not phase or phase == 'closed' then
  conv, status = candidate, 'OPENED'
  redis.call('HSET', p .. 'c:' .. conv, 'phase', 'waiting', 'ref', ref, 'visitor', visitor, 'account', account,
    'topic', topic, 'node', node, 'term', 1, 'seq', 0, 'said', 0, 'seen', 0, 'read', 0, 'opened', at)
  redis.call('ZADD', p .. 'open', 0, conv)
  redis.call('HSET', p .. 'v:' .. ref, 'conv', conv)
elseif tonumber(get(conv, 'said')) >= tonumber(most) then
  return {'FULL'}
end
local said = redis.call('HINCRBY', p .. 'c:' .. conv, 'said', 1)
local seq = note(conv, 'message', at, 'id', id, 'from', 'citizen', 'n', said, 'cmid', cmid, 'text', text)
remember(memory, text, conv, seq, said, id, at)
redis.call('PEXPIRE', p .. 'v:' .. ref, 30 * 24 * 3600 * 1000)
return {status, conv, seq, said, id, tonumber(at)}`

// ARGV: conversation, term, cmid, agent, text, message, at. A repeat is
// answered even when the conversation has closed since.
const sayScript = lib + `
local conv, term, cmid, agent, text, id, at = unpack(ARGV)
local memory = p .. 'o:' .. conv .. ':' .. cmid
local kept = remembered(memory, text)
if kept then return kept end
local no = judge(conv, term)
if no then return {no} end
local said = redis.call('HINCRBY', p .. 'c:' .. conv, 'said', 1)
local from = agent == '' and 'house' or 'agent'
local seq = note(conv, 'message', at, 'id', id, 'from', from, 'agent', agent, 'n', said, 'cmid', cmid, 'text', text)
remember(memory, text, conv, seq, said, id, at)
return {'OK', conv, seq, said, id, tonumber(at)}`

// ARGV: conversation, term, signal.
const waitScript = lib + `
local conv, term, signal = unpack(ARGV)
local no = judge(conv, term)
if no then return {no} end
redis.call('HSET', p .. 'c:' .. conv, 'phase', 'waiting')
redis.call('HDEL', p .. 'c:' .. conv, 'agent')
redis.call('PUBLISH', p .. 'news', get(conv, 'ref') .. 's' .. signal)
return {'OK'}`

// ARGV: conversation, term, agent, at. The same agent joins once.
const joinScript = lib + `
local conv, term, agent, at = unpack(ARGV)
local no = judge(conv, term)
if no then return {no} end
if get(conv, 'phase') == 'serving' and get(conv, 'agent') == agent then return {'OK'} end
redis.call('HSET', p .. 'c:' .. conv, 'phase', 'serving', 'agent', agent)
redis.call('HDEL', p .. 'c:' .. conv, 'place', 'low', 'high')
note(conv, 'joined', at, 'agent', agent)
return {'OK'}`

// ARGV: conversation, term, cause, at.
const endScript = lib + `
local conv, term, cause, at = unpack(ARGV)
local no = judge(conv, term)
if no == 'CLOSED' then return {'OK'} end
if no then return {no} end
finish(conv, cause, at)
return {'OK'}`

// ARGV: ref, conversation, cause, at.
const leaveScript = lib + `
local ref, conv, cause, at = unpack(ARGV)
if get(conv, 'ref') ~= ref then return {'UNKNOWN'} end
if get(conv, 'phase') ~= 'closed' then finish(conv, cause, at) end
return {'OK'}`

// ARGV: conversation, term, seq. A closed conversation may be seen to its end.
const seeScript = lib + `
local conv, term, seq = unpack(ARGV)
local no = judge(conv, term)
if no and no ~= 'CLOSED' then return {no} end
if tonumber(seq) > tonumber(get(conv, 'seen')) then
  redis.call('HSET', p .. 'c:' .. conv, 'seen', seq)
end
return {'OK'}`

// ARGV: ref, conversation, seq.
const markScript = lib + `
local ref, conv, seq = unpack(ARGV)
if get(conv, 'ref') ~= ref then return {'UNKNOWN'} end
local read = math.max(tonumber(get(conv, 'read')), math.min(tonumber(seq), tonumber(get(conv, 'seq'))))
redis.call('HSET', p .. 'c:' .. conv, 'read', read)
return {'OK', '', read}`

// ARGV: conversation, term, place, low, high, signal; low is empty when unknown.
const showScript = lib + `
local conv, term, place, low, high, signal = unpack(ARGV)
local no = judge(conv, term)
if no then return {no} end
if get(conv, 'phase') ~= 'waiting' then return {'OK'} end
redis.call('HSET', p .. 'c:' .. conv, 'place', place, 'low', low, 'high', high)
redis.call('PUBLISH', p .. 'news', get(conv, 'ref') .. 's' .. signal)
return {'OK'}`

// ARGV: conversation, the node it is taken from or nothing, node.
const adoptScript = lib + `
local conv, from, node = unpack(ARGV)
local no = judge(conv, '')
if no then return {no} end
if from ~= '' and get(conv, 'node') ~= from then return {'MOVED'} end
redis.call('HSET', p .. 'c:' .. conv, 'node', node)
return {'OK', conv, redis.call('HINCRBY', p .. 'c:' .. conv, 'term', 1)}`

// ARGV: conversation, term, node.
const renameScript = lib + `
local conv, term, node = unpack(ARGV)
local no = judge(conv, term)
if no == 'CLOSED' then return {'OK'} end
if no then return {no} end
redis.call('HSET', p .. 'c:' .. conv, 'node', node)
return {'OK'}`

// ARGV: ref, socket, limit. Redis's own clock orders the sockets of all nodes.
const enterScript = lib + `
local ref, socket, limit = unpack(ARGV)
local t = redis.call('TIME')
local key = p .. 's:' .. ref
redis.call('ZADD', key, t[1] * 1000000 + t[2], socket)
redis.call('PEXPIRE', key, week)
while redis.call('ZCARD', key) > tonumber(limit) do
  local oldest = redis.call('ZPOPMIN', key)
  redis.call('PUBLISH', p .. 'news', ref .. 'x' .. oldest[1])
end
return {'OK'}`
