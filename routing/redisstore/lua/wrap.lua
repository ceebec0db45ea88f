-- wrap says that the talk is over; the slot stays taken.
-- ARGV 2 contact, 3 token

local c, refusal = held()
if not c then return refusal end
if c.state == 'wrapping' then return {'OK', 0} end
if c.state ~= 'talking' then return {'STALE', 0} end
move(c, 'wrapped', 'wrapping', c.agent)
return {'OK', 0}
