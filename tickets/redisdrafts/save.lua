-- Saves a draft over the revision it was made from.
-- KEYS[1]  the draft: hash of revision, mark, draft
-- ARGV     1 revision saved over  2 mark of who wrote what  3 the next draft, JSON
--          4 lifetime, ms
-- returns  {"saved", ""} or {"repeat" or "conflict", stored draft}
local base = tonumber(ARGV[1])
local stored = redis.call('HMGET', KEYS[1], 'revision', 'mark', 'draft')
local revision = tonumber(stored[1] or '0')
if revision == base + 1 and stored[2] == ARGV[2] then
	redis.call('PEXPIRE', KEYS[1], ARGV[4])
	return {'repeat', stored[3]}
end
if revision > base then
	return {'conflict', stored[3]}
end
redis.call('HSET', KEYS[1], 'revision', base + 1, 'mark', ARGV[2], 'draft', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {'saved', ''}
