-- Returns everything under the prefix KEYS[1] as JSON, by key: strings,
-- hashes, sets, sorted sets with scores, streams as lists of fields.
local function map(flat)
  local m = {}
  for i = 1, #flat, 2 do m[flat[i]] = flat[i + 1] end
  return m
end

local all = {string = {}, hash = {}, set = {}, zset = {}, stream = {}}
for _, name in ipairs(redis.call('KEYS', KEYS[1] .. '*')) do
  local kind = redis.call('TYPE', name).ok
  local short = string.sub(name, #KEYS[1] + 1)
  local value
  if kind == 'string' then value = redis.call('GET', name) end
  if kind == 'hash' then value = map(redis.call('HGETALL', name)) end
  if kind == 'set' then value = redis.call('SMEMBERS', name) end
  if kind == 'zset' then value = map(redis.call('ZRANGE', name, 0, -1, 'WITHSCORES')) end
  if kind == 'stream' then
    value = {}
    for i, entry in ipairs(redis.call('XRANGE', name, '-', '+')) do value[i] = map(entry[2]) end
  end
  all[kind][short] = value
end
return cjson.encode(all)
