-- KEYS: leases. ARGV: ttl, how many members to give back, these, members to
-- enter in their places.
local leases, ttl, n = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local dropped = 0
redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
if n > 0 then
	dropped = redis.call('ZREM', leases, unpack(ARGV, 3, n + 2))
end
for i = n + 3, #ARGV do
	redis.call('ZADD', leases, now + ttl, ARGV[i])
end
if #ARGV > n + 2 then
	keep(leases, ttl)	-- the key goes with its last lease
end
return { now, dropped, redis.call('ZCARD', leases) }
