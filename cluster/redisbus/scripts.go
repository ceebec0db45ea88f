package redisbus

import "github.com/redis/go-redis/v9"

// Every script takes time from Redis and touches keys of one hash tag.
type scripts struct{ send, keep, nodes, leave, acquire, renew, release *redis.Script }

func newScripts() scripts {
	return scripts{
		send: redis.NewScript(sendText), keep: redis.NewScript(keepText), nodes: redis.NewScript(nodesText),
		leave: redis.NewScript(leaveText), acquire: redis.NewScript(acquireText),
		renew: redis.NewScript(renewText), release: redis.NewScript(releaseText),
	}
}

// sendText: KEYS stream; ARGV longest, field, value, … Returns whether the node is there.
const sendText = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 2))
return 1`

// keepText: KEYS stream, directory; ARGV ms to live, last entry read, name or
// empty for an old one. Drops what was read. Returns whether the stream was gone.
const keepText = `
local gone = 1 - redis.call('EXISTS', KEYS[1])
if gone == 1 then
  redis.call('XADD', KEYS[1], '*', 'k', 'stir')
elseif ARGV[2] ~= '0-0' then
  redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
if ARGV[3] ~= '' then
  local t = redis.call('TIME')
  redis.call('ZADD', KEYS[2], t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[1], ARGV[3])
end
return gone`

// nodesText: KEYS directory. Returns who is there.
const nodesText = `
local t = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', t[1] * 1000 + math.floor(t[2] / 1000))
return redis.call('ZRANGE', KEYS[1], 0, -1)`

// leaveText: KEYS directory, streams; ARGV names.
const leaveText = `
for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end
for _, name in ipairs(ARGV) do redis.call('ZREM', KEYS[1], name) end
return 1`

// acquireText: KEYS lease; ARGV holder, ms. Returns the token, 0 for no.
const acquireText = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local token = tonumber(redis.call('HGET', KEYS[1], 'token') or '0')
if tonumber(redis.call('HGET', KEYS[1], 'until') or '0') > now then
  if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
else
  token = token + 1
end
redis.call('HSET', KEYS[1], 'token', token, 'holder', ARGV[1], 'until', now + ARGV[2])
return token`

// renewText: KEYS lease; ARGV token, ms. Returns whether it was held.
const renewText = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
if tonumber(redis.call('HGET', KEYS[1], 'until')) <= now then return 0 end
redis.call('HSET', KEYS[1], 'until', now + ARGV[2])
return 1`

// releaseText: KEYS lease; ARGV token. The token stays, so that the next is higher.
const releaseText = `
if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then redis.call('HSET', KEYS[1], 'until', 0) end
return 1`
