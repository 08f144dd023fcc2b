-- KEYS: upstream. ARGV: channel, name, how long it is locked (0: it is not, the
-- preflight was a good one). A lock is never made shorter.
local upstream, locked = KEYS[1], now + tonumber(ARGV[3])
if locked == now then
	redis.call('HSET', upstream, 'preflight_at', string.format('%.0f', now))
elseif locked > number(redis.call('HGET', upstream, 'locked_until')) then
	redis.call('HSET', upstream, 'locked_until',
	    string.format('%.0f', locked))
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return { now }
