-- counts sums the hall up.
-- Output 3: contacts on offer; then triples of class:bucket, waiting, free seats

local reply = {'OK', 0, call('ZCARD', key('lease'))}
for _, name in ipairs(call('SMEMBERS', key('buckets'))) do
  reply[#reply + 1] = name
  reply[#reply + 1] = call('ZCARD', key('w', name))
  reply[#reply + 1] = call('ZCARD', key('r', name))
end
return reply
