# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# run.sh --core-defects: what the VFIO core itself has to do, which no driver can do wrong. A kernel is
# built with selftests/test_modules/core/defects.patch, by which its core has each defect on demand,
# and the tests that name the clause must notice it; on the core as it is they must not. Sourced by
# run.sh after mutants.sh, whose guests it uses. The verdict is that of vmig-report.
# shellcheck disable=SC2154,SC2034

core_dir=$top/selftests/test_modules/core

# core_choose: the defects of this run, in $tmp/core: name, clause, profile, parameters, what; tabs
# between.
core_choose()
{
	local d

	profile_get "$core_dir/defects.patch" Defect | sed 's/ *| */\t/g' >"$tmp/core-all"
	for d in "${opt_defect[@]}"; do
		cut -f 1 "$tmp/core-all" | grep -qxF -- "$d" ||
			die "no defect '$d': $core_dir/defects.patch lists them"
	done
	awk -F '\t' -v device="$opt_device" -v names=" ${opt_defect[*]} " '
		(device == "" || $3 == device) && (names == "  " || index(names, " " $1 " "))' \
		"$tmp/core-all" >"$tmp/core"
	[ -s "$tmp/core" ] || die "none of these defects is tried on $opt_device"
}

# core_patched: makes the files that the patch changes, in $tmp/patched.
core_patched()
{
	local f

	mapfile -t core_files < <(sed -n 's,^+++ b/,,p' "$core_dir/defects.patch")
	mkdir "$tmp/patched"
	for f in "${core_files[@]}"; do
		[ -e "$1/$f" ] || die "$1 has no $f, which selftests/test_modules/core/defects.patch changes"
		(cd "$1" && cp --parents "$f" "$tmp/patched/")
	done
	patch -s -f -p1 -d "$tmp/patched" <"$core_dir/defects.patch" >"$tmp/patch" 2>&1 ||
		die "selftests/test_modules/core/defects.patch does not fit $1: $(head -n 1 "$tmp/patch")"
}

# core_tree: sets KERNEL_SRC to the source with the patch, a tree of links to the one without. A file
# that is as before keeps its time, so that little is compiled again.
core_tree()
{
	local source tree f

	have patch || die "no patch: install the package patch"
	source=$(step "$guest/kernel.sh" source) || exit 2
	core_patched "$source"
	tree=$cache/src/patched-core-$(make -s -C "$source" kernelversion)
	lock_cache "$cache/src"
	if [ "$(cat "$tree/.vmig-of" 2>/dev/null)" != "$source" ]; then
		need_space "$cache" 2500 "the source of the patched kernel" "VMIG_CACHE=DIR"
		rm -rf "$tree"
		cp -al "$source" "$tree" 2>/dev/null || { rm -rf "$tree" && cp -a "$source" "$tree"; } ||
			die "the source of the patched kernel could not be copied to $tree"
		printf '%s\n' "$source" >"$tree/.vmig-of"
	fi
	for f in "${core_files[@]}"; do
		cmp -s "$tmp/patched/$f" "$tree/$f" && continue
		rm -f "$tree/$f"
		cp "$tmp/patched/$f" "$tree/$f"
	done
	exec {lock}>&-
	export KERNEL_SRC=$tree
}

# core_plan: entries of the core as it is, and with each defect.
core_plan()
{
	local name clause p params what

	while read -r p; do
		mutants_entry "conforming/$p-core" core= \
			"$(awk -F '\t' -v p="$p" '$3 == p { print $2 }' "$tmp/core" | sort -u | paste -sd ' ')" \
			>"$tmp/entries-$p"
	done < <(cut -f 3 "$tmp/core" | sort -u)
	while IFS=$'\t' read -r name clause p params what; do
		mutants_entry "defects/$name/$p-core" "core=$name ${params#-}" "$clause" >>"$tmp/entries-$p"
	done <"$tmp/core"
}

# core_profiles: a place with the profiles of configs/devices and those of the core's defects.
core_profiles()
{
	profiles=$tmp/profiles
	mkdir "$profiles"
	ln -s "$top"/configs/devices/*.conf "$core_dir"/*.conf "$profiles/"
}

# core_defects: the whole of it; returns the verdict.
core_defects()
{
	local rc=0

	core_choose
	step "$top/selftests/run_chapters.sh" --list >"$tmp/list" || exit 2
	packages_ensure build guest
	core_tree
	mutants_kernel
	core_profiles
	mutants_begin core
	awk -F '\t' -v OFS='\t' '{ print $1, $3, $2, $5, "-" }' "$tmp/core" >"$mutants_dir/defects.txt"
	core_plan
	mutants_round || rc=$?
	mutants_end "$rc" "the defects of the core could not be tried"
	"$top/results/vmig-report" --mutants "$mutants_dir"
}
