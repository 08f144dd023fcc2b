-- KEYS: upstream, window. ARGV: version it was decided on, afresh, channel,
-- name, then field and value in turn.
local upstream, window = KEYS[1], KEYS[2]
local version = number(redis.call('HGET', upstream, 'version'))
local stale = version ~= tonumber(ARGV[1])
if not stale then
	redis.call('HSET', upstream, 'version',
	    string.format('%.0f', version + 1), unpack(ARGV, 5))
	if ARGV[2] == '1' then
		redis.call('DEL', window)
		redis.call('HSET', upstream, 'streak', '0')
	end
	redis.call('PUBLISH', ARGV[3], ARGV[4])
end
return { now, stale and 1 or 0, redis.call('HGETALL', upstream) }
