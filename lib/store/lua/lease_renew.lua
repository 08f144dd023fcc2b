-- KEYS: leases. ARGV: ttl, members. Answers 1 for each that was there, else 0.
local leases, ttl = KEYS[1], tonumber(ARGV[1])
local found = {}
redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
for i = 2, #ARGV do
	found[i - 1] = redis.call('ZSCORE', leases, ARGV[i]) and 1 or 0
	if found[i - 1] == 1 then
		redis.call('ZADD', leases, now + ttl, ARGV[i])
	end
end
keep(leases, ttl)	-- the key goes with its last lease
return { now, found }
