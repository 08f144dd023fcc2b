-- KEYS: leases. ARGV: member.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local dropped = redis.call('ZREM', KEYS[1], ARGV[1])
return { now, dropped, redis.call('ZCARD', KEYS[1]) }
