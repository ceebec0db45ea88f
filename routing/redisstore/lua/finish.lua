-- finish ends the contact and frees the slot.
-- ARGV 2 contact, 3 token, 4 cause

local c, refusal = held()
if not c then return refusal end
if c.state == 'ended' then return {'OK', 0} end
if c.state ~= 'talking' and c.state ~= 'wrapping' then return {'STALE', 0} end
finish(c, 'completed', ARGV[4], 'ended')
return done()
