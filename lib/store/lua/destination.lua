-- KEYS: destination, leases.
return { now, redis.call('HGETALL', KEYS[1]),
    redis.call('ZCOUNT', KEYS[2], '(' .. now, '+inf') }
