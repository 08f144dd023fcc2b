-- KEYS: leases. ARGV: members.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local dropped = redis.call('ZREM', KEYS[1], unpack(ARGV))
return { now, dropped, redis.call('ZCARD', KEYS[1]) }
