#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make deb`: a Debian package from what is committed, built apart from this tree.
#
#   deb.sh [DIRECTORY]      where the package goes, default: here
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
top=$PWD
out=$(realpath "${1:-.}")

for tool in dpkg-buildpackage dh git help2man; do
	command -v $tool >/dev/null || {
		echo "make deb: $tool is missing: apt-get install build-essential debhelper git help2man" >&2
		exit 2
	}
done
commit=$(git rev-parse --short=12 HEAD)
version=$(sed -n 's/.*vmig_version\[\] = "\(.*\)".*/\1/p' lib/spec/version.c)
[ -z "$(git status --porcelain --untracked-files=no)" ] ||
	echo "make deb: what is not committed is not in the package" >&2

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/vmig-$version"
git archive HEAD | tar -x -C "$tmp/vmig-$version"
cd "$tmp/vmig-$version"
printf '%s\n' "$commit" >COMMIT
cp -r configs/package/debian debian
sed "s/@VERSION@/$version/; s/@COMMIT@/$commit/; s/@DATE@/$(git -C "$top" log -1 --format=%aD)/" \
	debian/changelog.in >debian/changelog
rm debian/changelog.in
[ -z "${DEBEMAIL:-}" ] ||
	sed -i "s/<[^>]*@[^>]*>/<$DEBEMAIL>/" debian/control debian/changelog
if ! dpkg-buildpackage -us -uc -b -d >"$tmp/log" 2>&1; then
	tail -n 20 "$tmp/log" >&2
	echo "make deb: the package could not be built, see above" >&2
	exit 2
fi
cp "$tmp"/vmig_"$version"_*.deb "$tmp"/vmig_"$version"_*.changes "$tmp"/vmig_"$version"_*.buildinfo "$out/"
echo "wrote $out/vmig_${version}_$(dpkg --print-architecture).deb"
