#!/bin/sh
# Make the release tarball of this tree, which is the same, byte by byte, each
# time: packaging/build-dist.sh [FOLDER]
# It appears in FOLDER (dist by default) and is the last thing printed.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "${1-$top/dist}"
out=$(cd "${1-$top/dist}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Says nothing, unless it fails.
quietly() {
	"$@" >"$work/log" 2>&1 || {
		tail -n 40 "$work/log" >&2
		exit 1
	}
}

"$top/packaging/install-packages" build package >"$work/log" 2>&1 || {
	tail -n 20 "$work/log" >&2
	exit 1
}
version=$(sed -n 's/^AC_INIT(\[mailweir\], \[\(.*\)\], .*/\1/p' "$top/configure.ac")
released=$(sed -n "s/^## $version (\(.*\))$/\1/p" "$top/NEWS.md")
[ -n "$released" ] || {
	echo "$0: NEWS.md has no '## $version (DATE)'" >&2
	exit 1
}

# A copy, so that what was built in the tree, or is built now, stays apart.
mkdir "$work/tree" "$work/build"
tar -C "$top" --exclude=./.git --exclude=./dist -cf - . | tar -C "$work/tree" -xf -
find "$work/tree" \( -name '*.[oa]' -o -name Makefile -o -name config.status \) \
    -exec rm {} +
cd "$work/build"
quietly "$work/tree/autogen.sh"
quietly "$work/tree/configure"
TAR_OPTIONS="--sort=name --mtime=@$(date -u -d "$released" +%s) --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw,a-s" \
    quietly make dist
mv "mailweir-$version.tar.xz" "$out/"
echo "$out/mailweir-$version.tar.xz"
