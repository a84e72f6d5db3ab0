#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A part of streams.sh, in a guest with two devices of one type and one of another: files and
# connections of every kind that is wrong, and the device in RUNNING after each.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

ferry=selftests/vmig_ferry
tmp=$(mktemp -d) || exit 2
export VMIG_SILENCE_SECONDS=3 VMIG_WAIT_SECONDS=20
running="is in RUNNING\$"

# said RC PATTERN WHAT: $rc and the one line of $tmp/err are what they have to be
said()
{
	local good=0

	[ "$rc" -eq "$1" ] || { echo "# exit code $rc and not $1"; good=1; }
	[ "$(grep -c '^vmig: ' "$tmp/err")" -eq 1 ] || { echo "# not one sentence"; good=1; }
	grep -q "^vmig: .*$2" "$tmp/err" || { echo "# no '$2'"; good=1; }
	[ $good -eq 0 ] || tap_show "$tmp/err"
	tap $good "$3"
}

# refused RC PATTERN WHAT COMMAND...
refused()
{
	local expected=$1 pattern=$2 what=$3

	shift 3
	timeout 60 "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	rc=$?
	said "$expected" "$pattern" "$what"
}

# Files.

"$ferry" save "$VMIG_DEVICE" "$tmp/good.vms" 77 >"$tmp/out" 2>&1
tap $? "a state is saved"
grep -q '^saved [0-9]* bytes in [0-9.]* s, [0-9.]* MiB/s' "$tmp/out"
tap $? "and how fast"
"$ferry" load "$VMIG_DEVICE2" "$tmp/good.vms" >"$tmp/out" 2>&1
tap $? "another device of the type takes it"
grep -q 'accepted, the state is the one that was saved' "$tmp/out"
tap $? "and has the state that was saved"
refused 2 'it is of a device "mdev mock-1"' "a device of another type does not get it" \
	"$ferry" load "$VMIG_DEVICE_OTHER" "$tmp/good.vms"
size=$(stat -c %s "$tmp/good.vms")
head -c $((size - 1)) "$tmp/good.vms" >"$tmp/short.vms"
refused 2 "cut short" "a file cut short" "$ferry" load "$VMIG_DEVICE" "$tmp/short.vms"
head -c 1000 "$tmp/good.vms" >"$tmp/short.vms"
refused 2 "within its header" "a file cut within its header" \
	"$ferry" load "$VMIG_DEVICE" "$tmp/short.vms"
cp "$tmp/good.vms" "$tmp/bad.vms"
printf x | dd of="$tmp/bad.vms" bs=1 seek=2000 conv=notrunc status=none
refused 2 "checksum of its stream" "a file with a wrong byte" \
	"$ferry" load "$VMIG_DEVICE" "$tmp/bad.vms"
printf x | dd of="$tmp/bad.vms" bs=1 seek=300 conv=notrunc status=none
refused 2 "checksum of its header" "a file with a wrong byte in its header" \
	"$ferry" load "$VMIG_DEVICE" "$tmp/bad.vms"
refused 2 "does not begin as" "a file of another kind" "$ferry" load "$VMIG_DEVICE" README.md
refused 2 "cannot be opened" "a file that is not there" "$ferry" load "$VMIG_DEVICE" "$tmp/none"
refused 2 "cannot be written" "a place where nothing can be written" \
	"$ferry" save "$VMIG_DEVICE" /proc/none/file
mkdir "$tmp/small"
mount -t tmpfs -o size=32k none "$tmp/small"
refused 2 "cannot be written.*$running" "a disk that is full" \
	"$ferry" save "$VMIG_DEVICE" "$tmp/small/file"
tap_is "" "$(ls "$tmp/small")" "what was written of it is gone"
umount "$tmp/small"

# A state that is whole, and that the driver does not take: whatever it says, it is bad.
selftests/meta/streams_peer.py forge "$tmp/good.vms" "$tmp/forged.vms"
refused 1 "the driver refused it: .*$running" "a stream that the driver refuses" \
	"$ferry" load "$VMIG_DEVICE" "$tmp/forged.vms"

# Connections.

port=4711

# receive [DEVICE]: begins a receiver and waits until it listens; stop_receiving ends it.
receive()
{
	port=$((port + 1))
	"$ferry" recv "${1:-$VMIG_DEVICE2}" $port >"$tmp/recv.out" 2>"$tmp/recv.err" </dev/null &
	receiver=$!
	for _ in $(seq 100); do
		grep -q '^waiting' "$tmp/recv.out" && return
		sleep 0.1
	done
}

# received RC PATTERN WHAT: how the receiver ended
received()
{
	wait "$receiver"
	rc=$?
	cp "$tmp/recv.err" "$tmp/err"
	said "$@"
}

receive
"$ferry" send "$VMIG_DEVICE" 127.0.0.1:$port 78 >"$tmp/out" 2>"$tmp/err" </dev/null
tap_is 0 $? "a state is sent"
wait "$receiver"
tap_is 0 $? "and received"
grep -q 'accepted it, the state is the one that was saved' "$tmp/out" &&
	grep -q 'accepted, the state is the one that was saved' "$tmp/recv.out"
tap $? "both sides know that it is the one"
grep -q '^sent [0-9]* bytes in [0-9.]* s, ' "$tmp/out" &&
	grep -q '^received [0-9]* bytes in [0-9.]* s, ' "$tmp/recv.out"
tap $? "and how fast it went"

receive "$VMIG_DEVICE_OTHER"
refused 2 "does not want the stream: .*$running" "a sender whose stream fits no device there" \
	"$ferry" send "$VMIG_DEVICE" 127.0.0.1:$port
received 2 'is none for.*"mdev mock-1"' "a receiver that gets a stream of another device"

for act in hang_up silent rubbish bad_header late_hang_up late_silent late_rubbish wrong_place \
	wrong_sum wrong_length stop; do
	case $act in
	hang_up) said="no stream came from the sender: the other side hung up" ;;
	silent) said="was silent for 3 s" ;;
	rubbish) said="sends what is no answer" ;;
	bad_header) said="checksum of its header" ;;
	late_hang_up) said="broke: the other side hung up; 1000 bytes had come" ;;
	late_silent) said="broke: .* silent for 3 s; 1000 bytes had come" ;;
	late_rubbish | wrong_place) said="broke: .* no answer" ;;
	wrong_sum | wrong_length) said="is not what was sent" ;;
	stop) said="the sender stopped after 1000 bytes: fed up?\\[31m;" ;;
	esac
	receive
	timeout 30 selftests/meta/streams_peer.py send $act $port "$tmp/good.vms" >"$tmp/peer" 2>&1 &
	peer=$!
	received 2 "$said" "a sender that does this: $act"
	kill "$peer" 2>/dev/null
	wait "$peer"
	tap_is yes "$(grep -q "$running" "$tmp/err" && echo yes)" "$act: the device is in RUNNING"
done

for act in hang_up silent rubbish nope late_hang_up late_silent late_rubbish bad; do
	expected=2
	case $act in
	hang_up) said="no stream was sent to .*: the other side hung up" ;;
	silent) said="silent for 3 s" ;;
	rubbish) said="no answer of this suite" ;;
	nope) said="does not want the stream: no, thanks" ;;
	late_hang_up) said="broke: the other side hung up; [0-9]* bytes were sent, 1000 of them confirmed" ;;
	late_silent) said="broke: .* silent for 3 s" ;;
	late_rubbish) said="broke: .* no answer" ;;
	bad)
		said="says of its device: it smokes"
		expected=1
		;;
	esac
	port=$((port + 1))
	timeout 60 selftests/meta/streams_peer.py recv $act $port >"$tmp/peer" 2>&1 &
	peer=$!
	refused $expected "$said.*$running" "a receiver that does this: $act" \
		"$ferry" send "$VMIG_DEVICE" 127.0.0.1:$port
	kill "$peer" 2>/dev/null
	wait "$peer"
done

VMIG_WAIT_SECONDS=1 refused 2 "no connection to .*refused" "nobody at the other end" \
	"$ferry" send "$VMIG_DEVICE" 127.0.0.1:4710
VMIG_WAIT_SECONDS=1 refused 2 "no sender came to 4710 within 1 s" "nobody comes" \
	"$ferry" recv "$VMIG_DEVICE" 4710
receive "$VMIG_DEVICE2"
refused 2 "cannot listen at" "an address that is taken" "$ferry" recv "$VMIG_DEVICE" $port
refused 2 "another process has it" "a device that is taken" \
	"$ferry" recv "$VMIG_DEVICE2" 4709
kill -TERM "$receiver"
received 2 "interrupted.*$running" "a receiver that is interrupted"

# And after all that.
"$ferry" save "$VMIG_DEVICE" "$tmp/last.vms" 79 >"$tmp/out" 2>&1 &&
	"$ferry" load "$VMIG_DEVICE2" "$tmp/last.vms" >"$tmp/out" 2>&1
tap $? "both devices are as good as before"

# And as a user of a host types it; this guest is one, with devices that run.sh finds in sysfs.

host()
{
	timeout 100 ./run.sh -q -o "$tmp/runs" "$@" >"$tmp/out" 2>&1 </dev/null
}

host -d "$VMIG_DEVICE" --seed 5 --save-stream "$tmp/host.vms"
tap $? "run.sh --save-stream of a device of the host"
host -d "$VMIG_DEVICE2" --load-stream "$tmp/host.vms" &&
	grep -q '^loaded .* accepted, the state is the one that was saved' "$tmp/out"
tap $? "run.sh --load-stream into another one"
timeout 100 ./run.sh -q -o "$tmp/runs" -d "$VMIG_DEVICE2" --recv 4900 >"$tmp/recv" 2>&1 </dev/null &
host -d "$VMIG_DEVICE" --seed 6 --send 127.0.0.1:4900 && wait $! &&
	grep -q '^received .* accepted, the state is the one that was saved' "$tmp/recv"
rc=$?
[ $rc -eq 0 ] || { tap_show "$tmp/out"; tap_show "$tmp/recv"; }
tap $rc "run.sh --send and --recv between two of them"

tap_end
