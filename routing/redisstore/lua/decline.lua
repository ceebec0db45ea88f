-- decline ends the offer of the token: the contact waits again at its old
-- place, the seat is parked. A lost desk may end a talk in the same way.
-- ARGV 2 contact, 3 token, 4 event: declined or seat_lost

local c, refusal = held()
if not c then return refusal end
local event = ARGV[4]
if c.state ~= 'offered' and not (c.state == 'talking' and event == 'seat_lost') then return {'STALE', 0} end
park(c.agent)
requeue(c, event)
return settle()
