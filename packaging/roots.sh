# Debian roots to build, install and test in: for the scripts beside this file.
# They set $top, the source tree, and $work, a folder that goes with them; a
# root lives in it and is entered by systemd-nspawn, which leaves no mounts.
# shellcheck shell=sh disable=SC2154 # $top and $work are the caller's
#
# MW_ROOTS: a folder to keep roots in for the next time, as tar files.
# MW_MIRROR: where debootstrap gets Debian, if not where it always does.

say() {
	echo "[$(($(date +%s) - begin)) s] $*"
}
begin=$(date +%s)

# A program that ends with us, whatever ends us.
child=
waited() {
	"$@" &
	child=$!
	if wait "$child"; then status=0; else status=$?; fi
	child=
	return "$status"
}

# Says nothing, unless it fails.
quietly() {
	"$@" >"$work/log" 2>&1 </dev/null || {
		tail -n 60 "$work/log" >&2
		echo "that failed: $*" >&2
		exit 1
	}
}

# name, folder: a root that was kept; false where there is none.
kept_root() {
	[ -n "${MW_ROOTS-}" ] && [ -e "$MW_ROOTS/$1.tar" ] || return 1
	mkdir "$2"
	tar -C "$2" -xpf "$MW_ROOTS/$1.tar"
}

# name, folder: for the next time.
keep_root() {
	[ -n "${MW_ROOTS-}" ] || return 0
	mkdir -p "$MW_ROOTS"
	tar -C "$2" -cf "$MW_ROOTS/$1.tar.new" .
	mv "$MW_ROOTS/$1.tar.new" "$MW_ROOTS/$1.tar"
}

# release, folder: what debootstrap makes of it.
bare_root() {
	kept_root "$1" "$2" && return
	# shellcheck disable=SC2086 # none is no word
	quietly waited debootstrap --variant=minbase "$1" "$2" ${MW_MIRROR-}
	# The mirror may be as it was on some day.
	echo 'Acquire::Check-Valid-Until "false";' \
	    >"$2/etc/apt/apt.conf.d/any-day"
	keep_root "$1" "$2"
}

# release, folder: with the packages for these purposes, of packaging/packages.
root_for() {
	release=$1 folder=$2
	shift 2
	name=$(echo "$release" "$@" | tr ' ' '-')
	kept_root "$name" "$folder" || bare_root "$release" "$folder"
	quietly in_root "$folder" packaging/install-packages "$@"
	[ -e "${MW_ROOTS-/}/$name.tar" ] || keep_root "$name" "$folder"
}

# root, command...: run it there, as root, with the host's network, and the
# source tree as /source. What runs in it ends with it.
in_root() {
	root=$1
	shift
	waited systemd-nspawn --quiet --register=no --keep-unit --as-pid2 --console=pipe \
	    --capability=all --resolv-conf=copy-host -D "$root" \
	    --bind-ro="$top:/source" --chdir=/source \
	    --setenv=DEBIAN_FRONTEND=noninteractive \
	    --setenv=MW_TESTS="${MW_TESTS-}" "$@"
}

# root: the tree once more, as its /mailweir, to build and test in.
copy_tree() {
	mkdir "$1/mailweir"
	tar -C "$top" --exclude=./.git --exclude=./dist --exclude=./configure \
	    -cf - . | tar -C "$1/mailweir" -xf -
}

# On a host without systemd, nspawn leaves its control groups behind.
forget_groups() {
	for at in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
		find "$at/payload" "$at/supervisor" -depth -type d \
		    -exec rmdir {} + 2>/dev/null || :
	done
}

ended() {
	trap '' HUP INT TERM
	if [ -n "$child" ]; then
		kill "$child" || :
		wait "$child" || :
	fi
	rm -rf "$work"
	forget_groups
}

[ "$(id -u)" -eq 0 ] || {
	echo "$0: run it as root: it makes roots of its own" >&2
	exit 1
}
work=$(mktemp -d)
trap ended EXIT
trap 'exit 1' HUP INT TERM
