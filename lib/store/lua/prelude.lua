-- What every script starts with. now: the store's clock in milliseconds.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- A whole number; whatever else somebody put there counts as 0.
local function number(text)
	if text and #text < 16 and string.match(text, '^%d+$') then
		return tonumber(text)
	end
	return 0
end

-- Add to a counter, which starts anew where something else stood.
local function add(key, field, n)
	local old = number(redis.call('HGET', key, field))
	redis.call('HSET', key, field, string.format('%.0f', old + n))
end

-- Keep a key for at least so long; another host may want it longer. A little
-- more than that saves doing so anew each millisecond.
local function keep(key, ms)
	if redis.call('PTTL', key) < ms then
		redis.call('PEXPIRE', key, ms + math.ceil(ms / 64))
	end
end
