-- counts sums the hall up.
-- Output 3: contacts on offer; then triples of class:bucket, waiting, free seats

local reply = {'OK', 0, redis.call('ZCARD', key('lease'))}
for _, name in ipairs(redis.call('SMEMBERS', key('buckets'))) do
  reply[#reply + 1] = name
  reply[#reply + 1] = redis.call('ZCARD', key('w', name))
  reply[#reply + 1] = redis.call('ZCARD', key('r', name))
end
return reply
