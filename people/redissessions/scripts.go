package redissessions

// KEYS: session, sessions of the account. ARGV: account, hash, life in ms.
// The account's set forgets what has ended, and ends with its last session.
const putScript = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[2])
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[2], last[2])
return 1`

// KEYS: session. ARGV: what the key of the account's set begins with, hash.
// Returns the account, or nil. The set has the hall's hash tag, as the session.
const deleteScript = `
local account = redis.call('GET', KEYS[1])
if account then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', ARGV[1] .. account, ARGV[2])
end
return account`

// KEYS: sessions of the account. ARGV: what the key of a session begins with.
const deleteAllScript = `
for _, hash in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  redis.call('DEL', ARGV[1] .. hash)
end
return redis.call('DEL', KEYS[1])`

// KEYS: tries. ARGV: limit, window in ms. Returns number and wait in ms.
// A count without an end would lock for ever: it is given one.
const takeScript = `
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local n = tonumber(redis.call('GET', KEYS[1]) or '0')
if n >= limit then
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    redis.call('PEXPIRE', KEYS[1], window)
    left = window
  end
  return {n + 1, math.max(left, 1)}
end
n = redis.call('INCR', KEYS[1])
if n == 1 or n == limit or redis.call('PTTL', KEYS[1]) < 0 then
  redis.call('PEXPIRE', KEYS[1], window)
end
return {n, 0}`

// KEYS: tries. ARGV: limit. Returns the wait in ms, 0 for none.
const lockedScript = `
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then
  return 0
end
return math.max(redis.call('PTTL', KEYS[1]), 1)`
