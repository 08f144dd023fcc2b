# Turn each Lua file into a C string named after it: slots.lua -> LUA_SLOTS.
# Macros, so that the compiler joins a script to what all scripts start with.
FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name); sub(/\.lua$/, "", name)
	printf "%s#define LUA_%s", (NR > 1 ? "\n" : ""), toupper(name)
}
{ gsub(/\\/, "&&"); gsub(/"/, "\\\""); printf " \\\n\t\"%s\\n\"", $0 }
END { print "" }
