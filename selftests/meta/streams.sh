#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A device's state through files and between two guests with two versions of a driver, over a
# network that only these two have: a stream of the older version is taken, one of the newer
# is refused, and both sides say so. What can go wrong on the way is in streams_guest.sh.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
export VMIG_WAIT_SECONDS=300 VMIG_SILENCE_SECONDS=120

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

# exchange NAME SENDER RECEIVER: two guests at once; each with the driver of that array. Their
# words are in $tmp/NAME.send and $tmp/NAME.recv, their exit codes in $sent and $received.
exchange()
{
	local -n sender=$2 receiver=$3
	local pid cable=$tmp/$1.cable

	timeout 500 ./run.sh -q -o "$tmp/$1-recv" -d mock --recv 192.0.2.1:4711 --link "$cable" \
		"${size[@]}" "${receiver[@]}" >"$tmp/$1.recv" 2>&1 </dev/null &
	pid=$!
	timeout 500 ./run.sh -q -o "$tmp/$1-send" -d mock --send 192.0.2.1:4711 --link "$cable" \
		"${size[@]}" --seed 5 "${sender[@]}" >"$tmp/$1.send" 2>&1 </dev/null
	sent=$?
	wait "$pid"
	received=$?
	tap_show "$tmp/$1.send"
	tap_show "$tmp/$1.recv"
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
# So much that the receiver says on the way how far it is.
size=(--param vfio_mig_mock.state_mb=16)
older_driver >"$tmp/build" 2>&1
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/build"
tap $rc "the driver is built as it was before version 2"

exchange up older present
tap_is "0 0" "$sent $received" "older to newer: exit codes of sender and receiver"
says up.recv 'received .* accepted, the state is the one that was saved' \
	"the newer driver takes it, with the state that was saved"
says up.recv 'it is from vfio_mig_mock 1, srcversion' "it knows from which driver"
says up.send 'sent .* MiB/s .* accepted it, the state is the one' "the sender knows it too"

exchange down present older
tap_is "1 1" "$sent $received" "newer to older: exit codes of sender and receiver"
says down.recv '^vmig: the driver refused it: .* is in RUNNING$' \
	"the older driver refuses it, and its device works"
says down.send '^vmig: 192.0.2.1:4711 refused the stream: the driver refused it.* is in RUNNING$' \
	"the sender is told, and its device works"
tap_is "" "$(find "$tmp"/*-send/runs "$tmp"/*-recv/runs -mindepth 1 -maxdepth 1)" \
	"nothing is left of runs that came to their end"

# On the host: a file that came out of one guest goes into another.
timeout 300 ./run.sh -q -o "$tmp/save" -d mock --seed 9 --save-stream "$tmp/a.vms" >"$tmp/out" 2>&1
tap $? "--save-stream"
selftests/vmig_ferry show "$tmp/a.vms" >"$tmp/show" 2>&1 &&
	grep -q 'of mdev mock-1 .* firmware 2, .* with a pattern in it$' "$tmp/show"
tap $? "the file says whose stream it is"
timeout 300 ./run.sh -q -o "$tmp/load" -d mock --load-stream "$tmp/a.vms" >"$tmp/out" 2>&1 &&
	grep -q 'accepted, the state is the one that was saved' "$tmp/out"
tap $? "--load-stream into another device, in another guest"

# The rest needs one guest and many words.
timeout 600 ./run.sh -q -o "$tmp/guest" -d mock --setup 'ifconfig lo 127.0.0.1 up' \
	--guest-cmd selftests/meta/streams_guest.sh >"$tmp/out" 2>&1 </dev/null
rc=$?
[ "$rc" -eq 0 ] || tap_show "$tmp/out"
tap_forward <"$tmp/out"
tap_is 0 $rc "exit code of the part in the guest"
tap_end
