-- withdraw takes a contact out, whatever its state. An unknown one leaves a
-- mark, so that an enqueue still under way does not revive it.
-- ARGV 2 contact, 3 cause

local c = contact(ARGV[2])
if not c then
  c = {id = ARGV[2], state = 'new', class = '', buckets = {}, anchor = '', ep = 0, agent = '', line = '', steps = ''}
elseif c.anchor ~= '' and not alive(c.anchor) then
  return {'FENCED', 0}
end
if c.state ~= 'ended' then finish(c, 'withdrawn', ARGV[3], 'ended') end
feed_freed()
return {'OK', offers}
