-- accept turns the offer of the token into service.
-- ARGV 2 contact, 3 token. Output 3: ms the contact has waited, -1 on a repeat

local c, refusal = held()
if not c then return refusal end
if c.state == 'talking' or c.state == 'wrapping' then return {'OK', 0, -1} end
if c.state ~= 'offered' then return {'STALE', 0} end
redis.call('ZREM', key('lease'), c.id)
move(c, 'accepted', 'talking', c.agent)
return done(now - c.enq)
