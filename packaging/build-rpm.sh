#!/bin/sh
# Make the RPM packages: packaging/build-rpm.sh [-o FOLDER] [TARBALL]
# FOLDER is where they go (dist); without a TARBALL one is made of this tree.
# On Debian this shows that the spec file builds, with Debian's libraries.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
out=$top/dist
while getopts o: option; do
	case $option in
	o) out=$OPTARG ;;
	*) sed -n '2s/^# .*: /usage: /p' "$0" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

tarball=${1-$("$top/packaging/build-dist.sh" "$out")}
set --
# Debian's rpm has no packages to look for, and no macros of systemd's.
if [ -e /etc/debian_version ]; then
	set -- --nodeps \
	    --define '_unitdir /usr/lib/systemd/system' \
	    --define '_sysusersdir /usr/lib/sysusers.d' \
	    --define '_tmpfilesdir /usr/lib/tmpfiles.d'
fi
rpmbuild -ta --define "_topdir $work" "$@" "$tarball" >"$work/log" 2>&1 || {
	tail -n 60 "$work/log" >&2
	exit 1
}
find "$work/RPMS" "$work/SRPMS" -name '*.rpm' -exec mv {} "$out/" \; \
    -printf "$out/%f\n"
