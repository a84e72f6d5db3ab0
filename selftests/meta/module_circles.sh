#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In each module of test_modules the files stand one above the other: none calls another that
# calls it, by whatever way round. Builds the modules for the guest's kernel, if need be.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

circles=selftests/meta/circles.sh
[ -x "$circles" ] || {
	echo "module_circles.sh: $circles is missing, which looks for the circles" >&2
	exit 2
}
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

# built [ARG...]: where modules.sh has built, with these options of it
built()
{
	configs/guest/modules.sh "$@" "$build/source" "$build"
}

# check_module BUILT DIR: the objects of a directory of test_modules, from where modules.sh built
check_module()
{
	local dir=$1/src/selftests/test_modules/$2 rc

	"$circles" "$dir"/*.o >"$tmp/out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/out"
	tap_is 0 $rc "test_modules/$2: no two files call each other"
}

build=$(./run.sh --kernel-build-dir)
tap $? "the guest kernel is built"
out=$(built)
tap $? "the reference drivers are built"
for module in ref mock edu; do
	check_module "$out" $module
done
mapfile -t profiles < <(grep -l '^firmware:' configs/devices/*.conf)
for conf in "${profiles[@]}"; do
	out=$(built --for "$conf")
	tap $? "${conf##*/}: the stand-in is built"
	check_module "$out" "firmware/$(sed -n 's/^firmware:[[:blank:]]*//p' "$conf")"
done
check_module "$out" firmware/core
tap_end
