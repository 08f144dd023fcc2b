-- KEYS: upstream, override, window. ARGV: host, version, window_ms, bucket_ms,
-- good (1: one among them), tail (bad ones behind it), bad (all of them), then
-- class and count in turn; none of these: nothing is written.
local upstream, override, window = KEYS[1], KEYS[2], KEYS[3]
if #ARGV > 7 then
	for i = 8, #ARGV, 2 do
		add(upstream, 'outcome_' .. ARGV[i], tonumber(ARGV[i + 1]))
	end
end
if #ARGV > 7 and number(redis.call('HGET', upstream, 'version'))
    == tonumber(ARGV[2]) then
	local window_ms, bucket_ms = tonumber(ARGV[3]), tonumber(ARGV[4])
	local bucket = math.floor(now / bucket_ms)
	local oldest = math.floor((now - window_ms) / bucket_ms)
	for i = 8, #ARGV, 2 do
		add(window, bucket .. ':' .. ARGV[i] .. ':' .. ARGV[1],
		    tonumber(ARGV[i + 1]))
	end
	for _, row in ipairs(redis.call('HKEYS', window)) do
		local b = number(string.match(row, '^(%d+):'))
		if b < oldest or b > bucket then
			redis.call('HDEL', window, row)
		end
	end
	keep(window, 2 * window_ms)
	local streak = tonumber(ARGV[6])
	if ARGV[5] == '0' then
		streak = number(redis.call('HGET', upstream, 'streak'))
		    + tonumber(ARGV[7])
	end
	redis.call('HSET', upstream, 'streak', string.format('%.0f', streak))
end
return { now, redis.call('HGETALL', upstream),
    redis.call('HGETALL', override), redis.call('HGETALL', window) }
