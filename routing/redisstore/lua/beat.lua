-- beat registers the node or renews its lease.
-- ARGV 2 node, 3 schema this node writes. Neighbouring schemas understand
-- each other, so that nodes are upgraded one by one; a jump is refused.

local schema, mine = tonumber(call('GET', key('schema')) or ''), tonumber(ARGV[3])
if schema and math.abs(schema - mine) > 1 then return {'SCHEMA', 0} end
if call('ZSCORE', key('fenced'), ARGV[2]) then return {'FENCED', 0} end
if not schema or schema < mine then call('SET', key('schema'), mine) end
notice_restart()
notice_silence()
call('ZADD', key('nodes'), int(now + NODE_LEASE), ARGV[2])
return {'OK', 0}
