# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Exchange streams between runs: what chapters take from earlier runs and leave for later ones.
# `poison`: a corpus for each driver in DIR/corpus, and in the run's directory what did harm
# (repro). `compat`: one of each version of a driver and its firmware that was tested, in DIR/streams/DRIVER.
# Sourced by run.sh, which sets the options (opt_*), results, rundir, profile and mode.
# shellcheck disable=SC2154

# run_again: the command that makes a device as this run had it; the reader adds the tests.
run_again()
{
	local words=("$run_command") w

	if [ "$mode" = host ]; then
		words+=(-d "$opt_device")
	elif [ -n "$guest_device" ]; then
		words+=(--guest -d "$guest_device")
	elif [ -n "$profile" ]; then
		words+=(-d "$profile")
	fi
	[ "$guest_arch" = x86_64 ] || words+=(--arch "$guest_arch")
	[ -z "$opt_m32" ] || words+=(--m32)
	[ -z "$opt_stock" ] || words+=(--stock-kernel "$opt_stock")
	[ -z "$opt_debug" ] || words+=(--debug-kernel)
	for w in "${opt_ko[@]}"; do
		words+=(--ko "$w")
	done
	for w in "${opt_param[@]}"; do
		words+=(--param "$w")
	done
	for w in "${opt_setup[@]}"; do
		words+=(--setup "$w")
	done
	for w in "${opt_qemu_arg[@]}"; do
		words+=(--qemu-arg "$w")
	done
	printf '%s' "${words[0]}"
	for w in "${words[@]:1}"; do
		[[ $w != *[!A-Za-z0-9_.:=,/-]* ]] || w=$(sh_quote "$w")
		printf ' %s' "$w"
	done
}

# streams_in DIR: gives them to a run whose directory the tests know as DIR; what they have to
# know is then in streams_env.
streams_in()
{
	local f n=0 files='' again

	again=$(run_again)
	streams_env=("VMIG_REPRO_DIR=$1/repro" "VMIG_CORPUS_DIR=$1/corpus" "VMIG_AGAIN=$again"
		"VMIG_REPLAY=$again --replay-stream $rundir/repro")
	mkdir -p "$rundir/corpus" "$rundir/streams"
	streams_env+=("VMIG_STREAMS_DIR=$1/streams")
	[ -z "$(streams_driver)" ] ||
		cp "$results/streams/$(streams_driver)"/*.vms "$rundir/streams" 2>/dev/null || :
	[ -z "$profile" ] || cp "$results/corpus/$profile"/*.bin "$rundir/corpus" 2>/dev/null || :
	for f in ${opt_replay_stream[@]+"${opt_replay_stream[@]}"}; do
		n=$((n + 1))
		mkdir -p "$rundir/replayed"
		cp "$f" "$rundir/replayed/$n.bin" || return
		files+="${files:+ }$1/replayed/$n.bin"
	done
	[ -z "$files" ] || streams_env+=("VMIG_POISON_FILE=$files")
}

# streams_driver: the driver whose streams these are, if it is known before the run.
streams_driver()
{
	if [ "$mode" = host ]; then
		printf '%s' "$dev_driver"
	elif [ -n "$profile" ]; then
		profile_value driver
	fi
}

# streams_keep: takes over what this version has left, unless it is one that fails with it.
streams_keep()
{
	local to

	to=$results/streams/$(streams_driver)
	if [ -n "$(streams_driver)" ] && [ -n "$(ls "$rundir/streams" 2>/dev/null)" ] &&
		"$top/selftests/vmig_ktap" ok "$rundir/ktap/compat.ktap" kept_streams; then
		mkdir -p "$to"
		cp -n "$rundir/streams"/*.vms "$to/" || :
	fi
	rm -rf "$rundir/streams"
}

# streams_out: takes over what the run has made of the corpus.
streams_out()
{
	local to=$results/corpus/${profile:-none}

	if [ -n "$profile" ] && [ -n "$(ls "$rundir/corpus" 2>/dev/null)" ]; then
		mkdir -p "$to"
		rm -f "$to"/*.bin
		cp "$rundir/corpus"/*.bin "$to/" || :
	fi
	rm -rf "$rundir/corpus"
	streams_keep
	[ ! -e "$rundir/repro/last.bin" ] ||
		say "the last stream that was tried: $rundir/repro/last.bin (--replay-stream)"
	rmdir "$rundir/repro" 2>/dev/null || :
}

streams_env=()
