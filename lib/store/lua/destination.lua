-- KEYS: destination, leases, hold, queue.
return { now, redis.call('HGETALL', KEYS[1]),
    redis.call('ZCOUNT', KEYS[2], '(' .. now, '+inf'),
    redis.call('HGETALL', KEYS[3]), redis.call('HGETALL', KEYS[4]) }
