-- accept turns the offer of the token into service.
-- ARGV 2 contact, 3 token. Output 3: ms the contact has waited, -1 on a repeat

local c, refusal = held()
if not c then return refusal end
if c.state == 'talking' or c.state == 'wrapping' then return {'OK', 0, -1} end
if c.state ~= 'offered' then return {'STALE', 0} end
call('ZREM', key('lease'), c.id)
c.acc = now
move(c, 'accepted', 'talking', c.agent, nil, 'acc', int(now))
if c.via ~= '' and not owner(c.via) then
  call('HSET', key('b', c.class, c.via), 'last', int(now - c.enq), 'last_at', int(now))
end
return {'OK', 0, now - c.enq}
