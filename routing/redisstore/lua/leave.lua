-- leave gives the lease back; what the node still anchors is swept at once.
-- ARGV 2 node

if alive(ARGV[2]) then fence(ARGV[2]) end
return {'OK', 0}
