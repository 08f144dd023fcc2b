-- KEYS: queue. ARGV: host, messages, expiring, when the oldest arrived, how long
-- a silent host is remembered.
local queue, forget_ms = KEYS[1], tonumber(ARGV[5])
if ARGV[2] == '0' then
	redis.call('HDEL', queue, ARGV[1])
else
	redis.call('HSET', queue, ARGV[1], string.format('%.0f %s %s %s', now,
	    ARGV[2], ARGV[3], ARGV[4]))
end
local rows = redis.call('HGETALL', queue)
for i = 1, #rows, 2 do
	local at = number(string.match(rows[i + 1], '^(%d+) '))
	if at < now - forget_ms then
		redis.call('HDEL', queue, rows[i])
	end
end
keep(queue, forget_ms)
return { now }
