-- KEYS: upstream, override, window, alone. ARGV: host, version, window_ms
-- (0: the window is not asked for), bucket_ms, good (1: one among them), tail
-- (bad ones behind it), bad (all of them), the host's own breaker ('-': closed,
-- '': nothing is said), its incident and how long that holds, then class and
-- count in turn; none of these: nothing is counted.
local upstream, override, window, alone = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local window_ms, bucket_ms = tonumber(ARGV[3]), tonumber(ARGV[4])
local first = 11
if ARGV[8] == '-' then
	redis.call('HDEL', alone, ARGV[1])
elseif ARGV[8] ~= '' then
	local rows = redis.call('HGETALL', alone)
	for i = 1, #rows, 2 do
		if number(string.match(rows[i + 1], ' (%d+) %S+$')) <= now then
			redis.call('HDEL', alone, rows[i])
		end
	end
	redis.call('HSET', alone, ARGV[1], string.format('%s %.0f %s', ARGV[8],
	    now + tonumber(ARGV[10]), ARGV[9]))
	keep(alone, tonumber(ARGV[10]))
end

local function sweep(bucket)
	local oldest = math.floor((now - window_ms) / bucket_ms)
	for _, row in ipairs(redis.call('HKEYS', window)) do
		local b = number(string.match(row, '^(%d+):'))
		if b < oldest or b > bucket then
			redis.call('HDEL', window, row)
		end
	end
end

if #ARGV >= first then
	local totals, rows, is_new = {}, {}, false
	local counted = number(redis.call('HGET', upstream, 'version'))
	    == tonumber(ARGV[2])
	local bucket = math.floor(now / bucket_ms)
	for i = first, #ARGV, 2 do
		local field, n = 'outcome_' .. ARGV[i], tonumber(ARGV[i + 1])
		totals[#totals + 1] = field
		totals[#totals + 1] = string.format('%.0f',
		    number(redis.call('HGET', upstream, field)) + n)
		if counted then
			field = bucket .. ':' .. ARGV[i] .. ':' .. ARGV[1]
			local old = redis.call('HGET', window, field)
			is_new = is_new or not old
			rows[#rows + 1] = field
			rows[#rows + 1] = string.format('%.0f',
			    number(old) + n)
		end
	end
	if counted then
		if is_new then	-- once a bucket, host and class
			sweep(bucket)
		end
		redis.call('HSET', window, unpack(rows))
		keep(window, 2 * window_ms)
		local streak = tonumber(ARGV[6])
		if ARGV[5] == '0' then
			streak = number(redis.call('HGET', upstream, 'streak'))
			    + tonumber(ARGV[7])
		end
		totals[#totals + 1] = 'streak'
		totals[#totals + 1] = string.format('%.0f', streak)
	end
	redis.call('HSET', upstream, unpack(totals))
end
return { now, redis.call('HGETALL', upstream),
    redis.call('HGETALL', override),
    window_ms > 0 and redis.call('HGETALL', window) or {},
    redis.call('HGETALL', alone) }
