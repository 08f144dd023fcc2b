-- KEYS: events. ARGV: the id behind which they are wanted ('': the newest),
-- how many. Oldest first. Redis 6.0 has no exclusive ranges, so the one
-- asked behind is read and left out.
local after, last = ARGV[1], tonumber(ARGV[2])
local rows, list = {}, {}
if after == '' then
	rows = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', last)
	for i = #rows, 1, -1 do
		list[#list + 1] = rows[i]
	end
else
	rows = redis.call('XRANGE', KEYS[1], after, '+', 'COUNT', last + 1)
	for _, row in ipairs(rows) do
		if row[1] ~= after and #list < last then
			list[#list + 1] = row
		end
	end
end
return { now, list }
