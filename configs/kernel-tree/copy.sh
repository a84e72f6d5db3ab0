#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Puts the suite into a kernel tree, as tools/testing/selftests/vfio_migration.
#
#   copy.sh DIR      DIR is the top of the tree; a copy that is there already is replaced

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck source=configs/run/lib.sh
. "$top/configs/run/lib.sh"

[ -n "${1:-}" ] || die "say which kernel tree: make kernel-tree DEST=DIR"
[ -d "$1" ] || die "$1 does not exist: give the top of a kernel tree (make kernel-tree DEST=DIR)"
[ -e "$1/tools/testing/selftests/kselftest_harness.h" ] ||
	die "$1 is no kernel tree: it has no tools/testing/selftests/kselftest_harness.h"
dest=$(realpath "$1")/tools/testing/selftests/vfio_migration
# What is ours says from which commit it came.
[ ! -e "$dest" ] || [ -e "$dest/COMMIT" ] ||
	die "$dest is there and was not made by this: remove it, or give another tree"
[ -w "${dest%/*}" ] || die "cannot write to ${dest%/*}: give a tree that is yours"

cd "$top"
commit=$(git describe --always --dirty --abbrev=12 2>/dev/null) ||
	die "$top is no git work tree, and only that knows which files are the suite's"
for d in selftests lib configs; do
	rm -rf "${dest:?}/$d"
done
# The project's own tests need more than goes there.
git ls-files selftests lib configs/devices configs/guest configs/run | grep -Ev '^(lib/tests|selftests/meta)/' |
	while read -r f; do
		[ -e "$f" ] || continue
		mkdir -p "$dest/${f%/*}"
		cp -p "$f" "$dest/$f"
	done
cp configs/kernel-tree/Makefile "$dest/Makefile"
cp configs/kernel-tree/gitignore "$dest/.gitignore"
printf '%s\n' "$commit" >"$dest/COMMIT"
printf 'vmig %s is in %s\n' "$commit" "$dest"
