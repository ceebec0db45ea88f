-- counts sums the hall up.
-- Output 3: contacts on offer; then fives of class:bucket, waiting, free seats,
-- seats that are there, ms the last that was accepted had waited (-1: none was)

local reply = {'OK', 0, call('ZCARD', key('lease'))}
for _, name in ipairs(call('SMEMBERS', key('buckets'))) do
  local class, bucket = string.match(name, '^([^:]*):(.*)$')
  local b = call('HMGET', key('b', class, bucket), 'last', 'last_at')
  reply[#reply + 1] = name
  reply[#reply + 1] = call('ZCARD', key('w', name))
  reply[#reply + 1] = call('ZCARD', key('r', name))
  reply[#reply + 1] = call('SCARD', key('s', bucket))
  reply[#reply + 1] = b[2] and tonumber(b[1] or 0) or -1
end
return reply
