-- board lists lines where somebody waits, and seats that are there.
-- Output 3: the queue's clock, 4: number of lines; then triples of class:line,
-- waiting, ms the longest has waited; then for each seat agent, node, status,
-- slots, calls, messages

local reply, n = {'OK', 0, now, 0}, 4
for _, name in ipairs(call('SMEMBERS', key('lines'))) do
  local first = call('ZRANGE', key('l', name), 0, 0, 'WITHSCORES')
  if first[1] then
    reply[4] = reply[4] + 1
    reply[n + 1], reply[n + 2], reply[n + 3] = name, call('ZCARD', key('l', name)), now - tonumber(first[2])
    n = n + 3
  end
end
local seats_of = key('a', '')
for _, node in ipairs(call('ZRANGE', key('nodes'), 0, -1)) do
  for _, agent in ipairs(call('SMEMBERS', key('na', node))) do
    local v = call('HMGET', seats_of .. agent, 'status', 'slots', 'use:voice', 'use:message')
    if v[1] and v[1] ~= 'offline' then
      reply[n + 1], reply[n + 2] = agent, node
      reply[n + 3], reply[n + 4], reply[n + 5], reply[n + 6] = v[1], v[2], v[3], v[4]
      n = n + 6
    end
  end
end
return reply
