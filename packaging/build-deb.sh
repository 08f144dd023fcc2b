#!/bin/sh
# Make a Debian package, with its source package, for the release that runs
# here: packaging/build-deb.sh [-t] [-r REVISION] [-o FOLDER] [TARBALL]
# -t runs the quick tests in the build, REVISION is Debian's (1), FOLDER is
# where all goes (dist); without a TARBALL one is made of this tree.
# The package's path is the last thing printed.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
out=$top/dist
revision=1
nocheck=nocheck
while getopts o:r:t option; do
	case $option in
	o) out=$OPTARG ;;
	r) revision=$OPTARG ;;
	t) nocheck= ;;
	*) sed -n '3s/^# .*: /usage: /p' "$0" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

purposes="build package"
[ -n "$nocheck" ] || purposes="$purposes run test"
# shellcheck disable=SC2086 # a list
"$top/packaging/install-packages" $purposes \
    >"$work/log" 2>&1 || {
	tail -n 20 "$work/log" >&2
	exit 1
}
tarball=${1-$("$top/packaging/build-dist.sh" "$out")}
version=$(basename "$tarball" .tar.xz)
version=${version#mailweir-}
cp "$tarball" "$work/mailweir_$version.orig.tar.xz"
tar -C "$work" -xJf "$tarball"
cd "$work/mailweir-$version"
cp -R packaging/debian debian

# The packages of these purposes as build dependencies; the compiler and make
# are always there.
needed() {
	for purpose; do
		sed -n "s/^$purpose //p" packaging/packages
	done | sed -e '/^gcc$/d' -e '/^make$/d' -e 's/|/ | /'
}
{
	needed build | sed 's/$/,/'
	needed run test | sed 's/$/ <!nocheck>,/'
} | sort | sed 's/^/ /' >"$work/needed"
sed -i -e "/@BUILD@/{r $work/needed
d}" debian/control

released=$(sed -n "s/^## $version (\(.*\))$/\1/p" NEWS.md)
cat >debian/changelog <<EOF
mailweir ($version-$revision) unstable; urgency=medium

  * Release $version; NEWS.md says what is new.

 -- $(sed -n 's/^Maintainer: //p' debian/control)  $(date -u -R -d "$released")
EOF

export DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS-} $nocheck"
export DEB_BUILD_PROFILES="${DEB_BUILD_PROFILES-} $nocheck"
dpkg-buildpackage -us -uc >"$work/log" 2>&1 || {
	tail -n 60 "$work/log" >&2
	exit 1
}
cd "$work"
mv mailweir*_"$version"* "$out/"
echo "$out/mailweir_$version-${revision}_$(dpkg --print-architecture).deb"
