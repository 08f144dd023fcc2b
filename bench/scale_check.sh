#!/bin/sh
# Do the programs still run that docs/scale.md names? A fraction of a second
# each; what they measure in it is of no worth.
bench=${top_builddir:-.}/bench
n=0 bad=0

runs() {	# what its line has to say, command
	word=$1
	shift
	n=$((n + 1))
	said=$("$@" 2>&1)
	case $? in
	0)	case $said in
		*"$word"*)
			echo "ok $n - $(basename "$*")"
			return
			;;
		esac
		;;
	77)	echo "ok $n # SKIP $said"
		return
		;;
	esac
	bad=1
	echo "not ok $n - $*"
	echo "$said" | sed 's/^/# /'
}

echo 1..5
runs '"hosts":3,' "$bench/scale_fleet" -H 3 -D 2 -U 2 -w 0 -s 0 -m -t
runs '"us_per_message":' "$bench/scale_fleet" -H 2 -L 10 -s 0 -p
runs '"ns":' "$bench/scale_host" lease 10
runs '"ns":' "$bench/scale_host" look 2
runs 'plot DATA' python3 -B -c 'import sys; sys.path.insert(0, sys.argv[1])
import scale_plots; print(scale_plots.__doc__)' "${top_srcdir:-.}/bench"
exit $bad
