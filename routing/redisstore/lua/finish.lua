-- finish ends the contact and frees the slot.
-- ARGV 2 contact, 3 token, 4 cause

local c, refusal = held()
if not c then return refusal end
if c.state == 'ended' then return {'OK', 0} end
if c.state ~= 'talking' and c.state ~= 'wrapping' then return {'STALE', 0} end
-- The mean of the bucket moves by an eighth of the difference, toward zero.
if c.acc > 0 and c.via ~= '' and not owner(c.via) then
  local name, took = key('b', c.class, c.via), now - c.acc
  local mean = tonumber(call('HGET', name, 'handling') or 0)
  if mean > 0 then
    local eighth = (took - mean) / 8
    took = mean + (eighth < 0 and math.ceil(eighth) or math.floor(eighth))
  end
  call('HSET', name, 'handling', int(took))
end
finish(c, 'completed', ARGV[4], 'ended')
feed_freed()
return {'OK', offers}
