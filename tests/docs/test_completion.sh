#!/usr/bin/env bash
# The completion for bash, asked as bash asks it. Speaks TAP.
PATH=$(cd "${top_builddir:-.}" && pwd):$PATH
top=${top_srcdir:-.}
config=$top/conf/mailweir.conf
number=0 failed=0

# shellcheck source=/dev/null
. "$top/packaging/completions/mailweir"

# completes WANTED WORD...: the last word is the one that is being written.
completes() {
	local wanted=$1
	shift
	COMP_WORDS=(mailweir "$@") COMP_CWORD=$# COMPREPLY=()
	_mailweir
	number=$((number + 1))
	if [ "${COMPREPLY[*]}" = "$wanted" ]; then
		echo "ok $number - mailweir $*"
	else
		failed=1
		echo "not ok $number - mailweir $*"
		echo "# ${COMPREPLY[*]}, not $wanted"
	fi
}

echo 1..18
completes 'release replay' re
completes 'version' v
completes "$(mailweir help | sed -n 's/^  \([a-z]\{1,\}\).*/\1/p' | xargs)" ''
completes '-f --json -n -c' events -
completes '--for --reason --shelter -c' hold contoso -
completes '--check --diff --undo --config-dir -c' postfix -
completes '--check --config-dir' postfix --c
completes '-c' check -
completes 'filter filter-eu exchange outlook' -c "$config" force ''
completes 'exchange' -c "$config" force e
completes 'open closed auto' force filter ''
completes 'closed' force filter --for 2h --reason why c
completes '' force filter open ''
completes 'contoso outlook everything' hold -c "$config" ''
completes 'outlook' -c "$config" release o
completes '' hold -c "$top/conf/none.conf" ''
completes '' hold contoso --for ''
completes "$top/conf/mailweir-minimal.conf" check -c "$top/conf/mailweir-m"
exit $failed
