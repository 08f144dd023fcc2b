#!/bin/sh
# Does every line know its room? Fails when a file includes a header which its
# room may not see, or names a thing which lives in another room.
set -u
cd "${top_srcdir:-.}" || exit 99
n=0 bad=0

report() {	# name, what is wrong (empty: nothing)
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		bad=1
		echo "not ok $n - $1"
		echo "$2" | sed 's/^/# /'
	fi
}

includes() {	# files of one room on stdin -> "file:line:room/header" lines
	xargs grep -Hno '^#include "[a-z]*/[a-z_]*\.h"' /dev/null |
	    sed 's/#include "\(.*\)"/\1/'
}

may_see() {	# room, the rooms it may include from
	room=$1
	allowed=$(echo "$2" | tr ' ' '|')
	report "$room sees only: $2" "$(find "lib/$room" "include/$room" \
	    -name '*.[ch]' | includes | grep -Ev ":($allowed)/")"
}

only_in() {	# word (extended regex), where it may stand
	report "$1 only in $2" "$(grep -rnE --include='*.[ch]' "$1" \
	    lib include milter policy ctl | grep -Ev "^($2)")"
}

echo 1..18
may_see base 'base'
may_see core 'base core'
may_see wire 'base core wire'
may_see dns 'base core wire dns'
may_see config 'base core config'
may_see store 'base core store'
may_see observe 'base core observe'
may_see engine 'base core store observe engine'

only_in '\bsmfi_[a-z]+\(' 'milter/'
only_in '\bredis[A-Z][A-Za-z]+\(' 'lib/store/'
only_in '\bares_[a-z]+' 'lib/dns/'
only_in '\bconfig_(lookup|setting)' 'lib/config/'
only_in '\b(time|gettimeofday|clock_gettime)\(' 'lib/base/clock'
only_in '\b(malloc|calloc|realloc|strdup|strndup)\(' 'lib/base/mem'
only_in '\b(sprintf|strcpy|strcat|strncpy|atoi|sscanf|strtok)\(' 'nowhere'
only_in '"(XADD|EVALSHA|SUBSCRIBE|PUBLISH)"' 'lib/store/'
only_in '\b(SSL|SSL_CTX|X509|bufferevent_openssl)_[a-z_0-9]+\(' 'policy/starttls'
only_in '\bpcre2_[a-z_]+\(' 'lib/base/pattern'
exit $bad
