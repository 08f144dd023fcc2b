# Turn each file into a C string named after it: slots.lua -> LUA_SLOTS.
# Macros, so that the compiler joins a script to what all scripts start with.
FNR == 1 {
	name = kind = FILENAME
	sub(/.*\./, "", kind)
	sub(/.*\//, "", name); sub(/\.[a-z]*$/, "", name)
	printf "%s#define %s_%s", (NR > 1 ? "\n" : ""), toupper(kind), toupper(name)
}
{ gsub(/\\/, "&&"); gsub(/"/, "\\\""); printf " \\\n\t\"%s\\n\"", $0 }
END { print "" }
