-- KEYS: upstream, slots.
-- ARGV: host, in_use, waiting, old, held, cap, limit, ttl, settle.
-- The arithmetic is that of lib/store/share.c, to the digit.
local upstream, slots, host = KEYS[1], KEYS[2], ARGV[1]
local in_use, waiting = tonumber(ARGV[2]), tonumber(ARGV[3])
local old, held = tonumber(ARGV[4]), tonumber(ARGV[5])
local cap, limit = tonumber(ARGV[6]), tonumber(ARGV[7])
local ttl, settle_ms = tonumber(ARGV[8]), tonumber(ARGV[9])

-- Of digits that were matched; as number() in the prelude.
local function whole(digits)
	if digits == '0' or not digits or #digits > 15 then
		return 0
	end
	return tonumber(digits) or 0	-- none: ''
end

-- The rows that live: granted, in_use, waiting, expiry and old by host; another
-- version of ours may write fewer words, or more. An expiry far ahead is a
-- clock that was set back, or nonsense: nobody knows what that host holds.
local rows = redis.call('HGETALL', slots)
local newest, lost = 0, false
local granted, sum_in_use, sum_waiting, sum_old = 0, in_use, waiting, old
local names, wants = { host }, { in_use + waiting }
for i = 1, #rows, 2 do
	local g, u, w, expiry, o =
	    string.match(rows[i + 1] .. ' ', '^(%d+) (%d+) (%d+) (%d+) (%d*)')
	expiry = whole(expiry)
	if expiry <= now or expiry > now + 10 * ttl then
		redis.call('HDEL', slots, rows[i])
		lost = lost or expiry == 0 or expiry > now
	else
		newest = math.max(newest, expiry)
		if rows[i] ~= host then
			u, w = whole(u), whole(w)
			granted = granted + whole(g)
			sum_in_use = sum_in_use + u
			sum_waiting = sum_waiting + w
			sum_old = sum_old + whole(o)
			names[#names + 1] = rows[i]
			wants[#wants + 1] = u + w
		end
	end
end

-- Hosts that were away hold what they were granted, too; and when nobody was heard
-- of for long, all were.
local settle = number(redis.call('HGET', upstream, 'settle'))
if lost or newest <= now + ttl / 2 then
	settle = now + settle_ms
	redis.call('HSET', upstream, 'settle', string.format('%.0f', settle))
end

-- The old ones are beside what is granted, and below the limit.
local room = math.max(0, math.min(cap, limit - sum_old))

-- Max-min fair: the modest get what they want, the others equal parts, and
-- those first by name what does not divide. Who is modest shows in a few
-- rounds: each leaves more for the others.
local function share()
	local mine = wants[1]
	local left, open = room - sum_in_use - sum_waiting, #names
	if left >= 0 then
		return mine + math.floor(left / open)
	end
	local part, before, modest = 0, 0, -1
	left = room
	while true do
		part = math.floor(left / open)
		if mine <= part then
			return mine
		end
		local more = 0
		before = 0
		for i, want in ipairs(wants) do
			if want <= modest then	-- in a round before
			elseif want <= part then
				left = left - want
				more = more + 1
			elseif names[i] < host then
				before = before + 1
			end
		end
		if more == 0 then
			return part + (before < left % open and 1 or 0)
		end
		open = open - more
		modest = part
	end
end

local target = held
if now >= settle or settle > now + settle_ms then
	target = share()
end
-- What is in use beyond the share, or beyond what the host holds, as one whose
-- grant has ended, counts until it ends, but is not used again.
local free = math.min(target, room - granted)
-- The answer may be lost on its way, and the host goes on with what it held:
-- that is not given to another one before the host tells of less.
redis.call('HSET', slots, host, string.format('%.0f %.0f %.0f %.0f %.0f',
    math.max(free, in_use, held), in_use, waiting, now + ttl, old))
keep(slots, 2 * ttl)
redis.call('HSET', upstream, 'in_use', sum_in_use + sum_old,
    'waiting', sum_waiting, 'cap', cap)
return { now, math.max(free, math.min(target, in_use, held)),
    sum_in_use + sum_old, sum_waiting, #names }
