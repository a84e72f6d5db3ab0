# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# run.sh --conforming: the suite on reference drivers that conform, each in a way of its own that
# the header leaves open (selftests/test_modules/freedoms.def). None may be accused. Sourced by
# run.sh after mutants.sh, whose guests it uses. The verdict is that of vmig-report.
# shellcheck disable=SC2154,SC2034

# By which way a device is opened makes no difference to what is free; all of them with --full.
conforming_globs='*.cdev*'
# What takes minutes for itself: only where it is asked for.
conforming_large='large_*'
# A chapter may take longer than with a defect: some of these drivers are slow, or have a state of 64 MiB.
conforming_chapter_seconds=600

# conforming_choose: the freedoms of this run, in $tmp/freedoms (name, profile, chapters or "-";
# tabs between).
conforming_choose()
{
	local f name where chapters rest p

	"$top/results/vmig-report" --freedoms >"$tmp/all-freedoms" || exit
	for f in "${opt_freedom[@]}"; do
		cut -f 1 "$tmp/all-freedoms" | grep -qxF -- "$f" ||
			die "no freedom '$f': results/vmig-report --freedoms lists them"
	done
	while IFS=$'\t' read -r name where chapters rest; do
		if [ ${#opt_freedom[@]} -gt 0 ]; then
			[[ " ${opt_freedom[*]} " == *" $name "* ]] || continue
		else
			# shellcheck disable=SC2053 # a pattern
			[[ $name != $conforming_large ]] || continue
		fi
		p=$(mutants_profile_of "$where")
		# What is the engine's is tried on mock, or on the driver that is asked for.
		[ "$where" != REF ] || p=${opt_device:-mock}
		[ "${opt_device:-$p}" = "$p" ] || continue
		printf '%s\t%s\t%s\n' "$name" "$p" "$chapters"
	done <"$tmp/all-freedoms" >"$tmp/freedoms"
	[ -s "$tmp/freedoms" ] || die "none of these freedoms is one of the driver $opt_device"
}

# conforming_plan: an entry for each of them.
conforming_plan()
{
	local name p chapters globs=$conforming_globs

	[ -z "$opt_full" ] || globs=''
	while IFS=$'\t' read -r name p chapters; do
		printf '%s|%s|%s|%s\n' "conforming/$name" "conforming=$name" "${chapters#-}" "$globs" \
			>>"$tmp/entries-$p"
	done <"$tmp/freedoms"
	# As many guests as there are boots for, so that none of them waits for the others.
	mutants_conforming_batch=$((($(wc -l <"$tmp/freedoms") + 2 * mutants_guests - 1) / (2 * mutants_guests)))
}

# conforming: the whole of it; returns the verdict.
conforming()
{
	local rc=0

	case $opt_device in
	'' | mock | edu) ;;
	*) die "--conforming takes -d mock or -d edu: $opt_device takes no freedom on demand" ;;
	esac
	conforming_choose
	mutants_kernel
	mutants_begin conforming
	: >"$mutants_dir/defects.txt"
	test_env+=("VMIG_CHAPTER_SECONDS=${VMIG_CHAPTER_SECONDS:-$conforming_chapter_seconds}")
	conforming_plan
	mutants_round || rc=$?
	mutants_end "$rc" "the drivers that conform could not be tried"
	"$top/results/vmig-report" --conforming "$mutants_dir"
}
