-- board lists lines where somebody waits, and seats that are there.
-- Output 3: the queue's clock, 4: number of lines; then triples of class:line,
-- waiting, ms the longest has waited; then for each seat agent, node, status,
-- slots, calls, messages

local lines, board = 0, {}
local function put(item) board[#board + 1] = item end
for _, name in ipairs(call('SMEMBERS', key('lines'))) do
  local first = call('ZRANGE', key('l', name), 0, 0, 'WITHSCORES')
  if first[1] then
    lines = lines + 1
    put(name)
    put(call('ZCARD', key('l', name)))
    put(now - tonumber(first[2]))
  end
end
for _, node in ipairs(call('ZRANGE', key('nodes'), 0, -1)) do
  for _, agent in ipairs(call('SMEMBERS', key('na', node))) do
    local v = call('HMGET', key('a', agent), 'status', 'slots', 'use:voice', 'use:message')
    if v[1] and v[1] ~= 'offline' then
      put(agent)
      put(node)
      for i = 1, 4 do put(v[i]) end
    end
  end
end
local reply = {'OK', 0, now, lines}
for _, item in ipairs(board) do reply[#reply + 1] = item end
return reply
