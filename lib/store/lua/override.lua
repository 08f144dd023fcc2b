-- KEYS: override. ARGV: channel, name, state ('': take it away), for_ms, by,
-- reason, rate (0: none).
local override, for_ms = KEYS[1], tonumber(ARGV[4])
redis.call('DEL', override)
if ARGV[3] ~= '' and for_ms > 0 then
	redis.call('HSET', override, 'state', ARGV[3], 'by', ARGV[5],
	    'reason', ARGV[6], 'until', string.format('%.0f', now + for_ms))
	if ARGV[7] ~= '0' then
		redis.call('HSET', override, 'rate', ARGV[7])
	end
	redis.call('PEXPIRE', override, for_ms)
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return { now }
