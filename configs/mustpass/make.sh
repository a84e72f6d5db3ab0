#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Makes the mustpass list of this version: runs the reference drivers, which keep every rule, in
# each of their shapes, and lists what they pass. Freezes it in lib/spec/version.c.
#
#   configs/mustpass/make.sh [RUNDIR...]     of these runs, and makes none
set -u
cd "$(dirname "$0")/../.." || exit 2
here=configs/mustpass

# The shapes of the reference drivers: each feature is missing once, and all of them.
shapes="mock:all mock:log mock:p2p,log mock:pre_copy,log mock:p2p,pre_copy mock:none edu:all
	edu:none"

die()
{
	printf 'make.sh: %s\n' "$*" >&2
	exit 2
}

make -s selftests report || exit 2
version=$(sed -n 's/^const char vmig_version\[\] = "\(.*\)";$/\1/p' lib/spec/version.c)
list=$here/$version.txt
[ ! -e "$list" ] ||
	die "$list is there, and frozen: raise the version in lib/spec/version.c, or delete it if" \
		"that version was never published"
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

runs=("$@")
if [ $# -eq 0 ]; then
	for shape in $shapes; do
		driver=${shape%%:*}
		echo "make.sh: $driver, features ${shape#*:}" >&2
		./run.sh -q -d "$driver" --seed 1 -o "$tmp/$shape" \
			--param "vfio_mig_$driver.features=${shape#*:}" >"$tmp/out" 2>&1 || {
			tail -n 20 "$tmp/out" >&2
			die "the reference driver $driver does not keep every rule in the shape ${shape#*:}"
		}
		runs+=("$(realpath "$tmp/$shape/latest")")
	done
fi
sed "s/@VERSION@/$version/" "$here/head.txt" >"$tmp/head"
results/vmig-report --mustpass-make "$tmp/head" "${runs[@]}" >"$tmp/list" || exit 2
mv "$tmp/list" "$list"
sum=$(sha256sum <"$list")
sed -i "s/^const char vmig_mustpass\[\] = .*/const char vmig_mustpass[] = \"${sum%% *}\";/" \
	lib/spec/version.c
echo "$list: $(grep -c '^[a-z_0-9]* [a-z]' "$list") tests, sha256 ${sum%% *}"
