-- KEYS: hosts. ARGV: host, its version, digest and mode, how long a silent
-- host is remembered.
local hosts, hour_ms = KEYS[1], 3600000
local before = number(string.match(
    redis.call('HGET', hosts, ARGV[1]) or '', '^(%d+) '))
redis.call('HSET', hosts, ARGV[1], string.format('%.0f %s %s %s', now,
    ARGV[2], ARGV[3], ARGV[4]))
if math.floor(before / hour_ms) ~= math.floor(now / hour_ms) then
	local rows = redis.call('HGETALL', hosts)
	for i = 1, #rows, 2 do
		local seen = number(string.match(rows[i + 1], '^(%d+) '))
		if seen < now - tonumber(ARGV[5]) then
			redis.call('HDEL', hosts, rows[i])
		end
	end
end
return { now }
