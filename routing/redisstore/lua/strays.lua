-- strays compares what a node anchors, as it knows it, with the queue.
-- ARGV 2 node, 3… contacts. Output 3: number of those that the queue does not
-- hold for the node; then these, then those that the node has forgotten

local mine, unknown, forgotten = {}, {}, {}
for i = 3, #ARGV, 1000 do
  local last = math.min(i + 999, #ARGV)
  for j, held in ipairs(call('SMISMEMBER', key('nc', ARGV[2]), unpack(ARGV, i, last))) do
    local id = ARGV[i + j - 1]
    if held == 0 then unknown[#unknown + 1] = id end
    mine[id] = true
  end
end
for _, id in ipairs(call('SMEMBERS', key('nc', ARGV[2]))) do
  if not mine[id] then forgotten[#forgotten + 1] = id end
end
local reply = {'OK', 0, #unknown}
for _, id in ipairs(unknown) do reply[#reply + 1] = id end
for _, id in ipairs(forgotten) do reply[#reply + 1] = id end
return reply
