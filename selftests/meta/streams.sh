#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A device's state through files and through a pipe between two guests with two versions of a
# driver: a stream of the older version is taken, one of the newer is refused. What can go wrong
# on the way is in streams_guest.sh.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
export VMIG_WAIT_SECONDS=400

# The reference driver before its stream had a version 2: another build, another srcversion.
# What it is loaded with goes into $older.
older_driver()
{
	local build built ko

	build=$(./run.sh --kernel-build-dir) &&
		built=$(configs/guest/modules.sh "$(configs/guest/kernel.sh source)" "$build") || return
	mkdir "$tmp/older" && cp -r "$built/src/." "$tmp/older" || return
	cd "$tmp/older/selftests/test_modules" || return
	sed -i 's/^#define REF_VERSION 2/#define REF_VERSION 1/' ref/format.h
	sed -i 's/^MODULE_VERSION("2")/MODULE_VERSION("1")/' mock/main.c
	sed -i 's/ vfio_mig_edu.o$//' Makefile
	find . -name '*.ko' -delete
	make -s -C "$build" M="$PWD" FIRMWARE= modules || return
	cd - >/dev/null || return
	for ko in ref mock; do
		older+=(--ko "$tmp/older/selftests/test_modules/vfio_mig_$ko.ko")
		[ -s "${older[-1]}" ] || return
	done
}

# pass NAME SAVER LOADER: a pipe between two guests; each with the driver of that array. Their
# words are in $tmp/NAME.save and $tmp/NAME.load, their exit codes in $codes.
pass()
{
	local -n saver=$2 loader=$3

	timeout 900 ./run.sh -q -o "$tmp/$1-save" -d mock --save-stream - --seed 5 "${size[@]}" \
		"${saver[@]}" 2>"$tmp/$1.save" </dev/null |
		timeout 900 ./run.sh -q -o "$tmp/$1-load" -d mock --load-stream - "${size[@]}" \
			"${loader[@]}" >"$tmp/$1.load" 2>&1
	codes=${PIPESTATUS[*]}
	tap_show "$tmp/$1.save"
	tap_show "$tmp/$1.load"
}

# says FILE PATTERN WHAT
says()
{
	grep -q "$2" "$tmp/$1"
	tap $? "$3"
}

older=()
# shellcheck disable=SC2034 # by name
present=()
# More than a pipe holds that nobody reads.
size=(--param vfio_mig_mock.state_mb=16)
older_driver >"$tmp/build" 2>&1
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/build"
tap $rc "the driver is built as it was before version 2"

pass up older present
tap_is "0 0" "$codes" "older to newer: exit codes of who saves and who loads"
says up.load '^loaded .* accepted, the state is the one that was saved' \
	"the newer driver takes it, with the state that was saved"
says up.load 'it is from vfio_mig_mock 1, srcversion' "it knows from which driver"
says up.save '^saved 16[0-9]* bytes .* MiB/s of .* (vfio_mig_mock 1, ' \
	"who saves says what and how fast, on standard error"

pass down present older
tap_is "0 1" "$codes" "newer to older: exit codes of who saves and who loads"
says down.load '^vmig: the driver refused it: .* is in RUNNING$' \
	"the older driver refuses it, and its device works"
tap_is "" "$(find "$tmp"/*-save/runs "$tmp"/*-load/runs -mindepth 1 -maxdepth 1)" \
	"nothing is left of runs that came to their end"

# On the host: a file that came out of one guest goes into another.
timeout 900 ./run.sh -q -o "$tmp/save" -d mock --seed 9 --save-stream "$tmp/a.vms" >"$tmp/out" 2>&1
tap $? "--save-stream"
selftests/vmig_transfer show "$tmp/a.vms" >"$tmp/show" 2>&1 &&
	grep -q 'of mdev mock-1 .* firmware 2, .* with a pattern in it$' "$tmp/show"
tap $? "the file says whose stream it is"
timeout 900 ./run.sh -q -o "$tmp/load" -d mock --load-stream "$tmp/a.vms" >"$tmp/out" 2>&1 &&
	grep -q 'accepted, the state is the one that was saved' "$tmp/out"
tap $? "--load-stream into another device, in another guest"

# No guest boots for what is no stream, or not all of one.
refused()
{
	tap_refused 400 "$1" "$2" bash -c "$3 | ./run.sh -q -o '$tmp/refused' -d mock --load-stream -"
}
refused "a pipe that ends early" "ended early: 1000 bytes had come behind the header" \
	"head -c 2024 '$tmp/a.vms'"
refused "words before a stream" "does not begin as a stream" "(echo Welcome && cat '$tmp/a.vms')"
tap_is "" "$(find "$tmp/refused/runs" -mindepth 1 -maxdepth 1)" "and nothing is left of these"

timeout 900 ./run.sh -q -o "$tmp/gone" -d mock --save-stream - 2>"$tmp/err" </dev/null |
	head -c 100 >/dev/null
tap_is 2 "${PIPESTATUS[0]}" "a pipe whose reader goes away: the exit code"
tap_is 1 "$(grep -c '^vmig: ' "$tmp/err")" "one sentence"
says err '^vmig: the reader of the pipe went away after [0-9]* bytes' "that says how far it came"

# The rest needs one guest and many words.
timeout 900 ./run.sh -q -o "$tmp/guest" -d mock --guest-cmd selftests/meta/streams_guest.sh \
	>"$tmp/out" 2>&1 </dev/null
rc=$?
[ "$rc" -eq 0 ] || tap_show "$tmp/out"
tap_forward <"$tmp/out"
tap_is 0 $rc "exit code of the part in the guest"
tap_end
