-- KEYS: destination. ARGV: counter and what to add, in turn.
for i = 1, #ARGV, 2 do
	add(KEYS[1], ARGV[i], tonumber(ARGV[i + 1]))
end
return { now }
