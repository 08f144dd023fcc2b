-- KEYS: events. ARGV: how many to keep, then field and value in turn.
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 2))
return { now }
