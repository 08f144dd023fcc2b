-- KEYS: leases. ARGV: member, limit (0: none), ttl, members to give back.
local leases, member = KEYS[1], ARGV[1]
local limit, ttl = tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
if #ARGV > 3 then
	redis.call('ZREM', leases, unpack(ARGV, 4))
end
local count = redis.call('ZCARD', leases)
local granted = limit == 0 or count < limit
    or redis.call('ZSCORE', leases, member)
if granted then
	count = count + redis.call('ZADD', leases, now + ttl, member)
	keep(leases, ttl)	-- the key goes with its last lease
end
return { now, granted and 1 or 0, count }
