-- KEYS: upstream, slots.
-- ARGV: host, in_use, waiting, old, held, cap, limit, ttl, settle.
-- The arithmetic is that of lib/store/share.c, to the digit.
local upstream, slots, host = KEYS[1], KEYS[2], ARGV[1]
local in_use, waiting = tonumber(ARGV[2]), tonumber(ARGV[3])
local old, held = tonumber(ARGV[4]), tonumber(ARGV[5])
local cap, limit = tonumber(ARGV[6]), tonumber(ARGV[7])
local ttl, settle_ms = tonumber(ARGV[8]), tonumber(ARGV[9])

-- The rows that live: granted, in_use, waiting, expiry and old by host; another
-- version of ours may write fewer words, or more. An expiry far ahead is a
-- clock that was set back, or nonsense: nobody knows what that host holds.
local rows = redis.call('HGETALL', slots)
local known, lost = false, false
local granted, sum_in_use, sum_waiting, sum_old = 0, in_use, waiting, old
local names, want = { host }, { [host] = in_use + waiting }
for i = 1, #rows, 2 do
	local g, u, w, expiry, o =
	    string.match(rows[i + 1] .. ' ', '^(%d+) (%d+) (%d+) (%d+) (%d*)')
	expiry = number(expiry)
	if expiry <= now or expiry > now + 10 * ttl then
		redis.call('HDEL', slots, rows[i])
		lost = lost or expiry == 0 or expiry > now
	else
		known = true
		if rows[i] ~= host then
			granted = granted + number(g)
			sum_in_use = sum_in_use + number(u)
			sum_waiting = sum_waiting + number(w)
			sum_old = sum_old + number(o)
			names[#names + 1] = rows[i]
			want[rows[i]] = number(u) + number(w)
		end
	end
end

-- Hosts that were away hold what they were granted, too.
local settle = number(redis.call('HGET', upstream, 'settle'))
if lost or not known then
	settle = now + settle_ms
	redis.call('HSET', upstream, 'settle', string.format('%.0f', settle))
end

-- The old ones are beside what is granted, and below the limit.
local room = math.max(0, math.min(cap, limit - sum_old))

-- Max-min fair: the modest get what they want, the others equal parts, and
-- those first by name what does not divide.
local function share()
	local left, open = room, #names
	table.sort(names, function(a, b)
		return want[a] < want[b] or want[a] == want[b] and a < b
	end)
	for i, name in ipairs(names) do
		local part = math.floor(left / open)
		if want[name] > part then
			local before = 0
			for j = i, #names do
				if names[j] < host then
					before = before + 1
				end
			end
			if want[host] <= part then
				return want[host]
			end
			return part + (before < left % open and 1 or 0)
		end
		left = left - want[name]
		open = open - 1
	end
	return want[host] + math.floor(left / #names)
end

local target = held
if now >= settle or settle > now + settle_ms then
	target = share()
end
-- What is in use beyond the share counts until it ends, but is not used again.
local grant = math.max(in_use, math.min(target, room - granted))
-- The answer may be lost on its way, and the host goes on with what it held:
-- that is not given to another one before the host tells of less.
redis.call('HSET', slots, host, string.format('%.0f %.0f %.0f %.0f %.0f',
    math.max(grant, held), in_use, waiting, now + ttl, old))
keep(slots, 2 * ttl)
redis.call('HSET', upstream, 'in_use', sum_in_use + sum_old,
    'waiting', sum_waiting, 'cap', cap)
return { now, math.min(grant, target), sum_in_use + sum_old, sum_waiting,
    #names }
