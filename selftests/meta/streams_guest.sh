#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A part of streams.sh, in a guest with two devices of one type and one of another: files and
# pipes of every kind that is wrong, and the device in RUNNING after each.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

transfer=selftests/vmig_transfer
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

"$transfer" save "$VMIG_DEVICE" "$tmp/good.vms" 77 >"$tmp/out" 2>&1
tap $? "a state is saved"
grep -q '^saved [0-9]* bytes in [0-9.]* s, [0-9.]* MiB/s' "$tmp/out"
tap $? "and how fast"
"$transfer" load "$VMIG_DEVICE2" "$tmp/good.vms" >"$tmp/out" 2>&1
tap $? "another device of the type takes it"
grep -q 'accepted, the state is the one that was saved' "$tmp/out"
tap $? "and has the state that was saved"
refused 2 'it is of a device "mdev mock-1"' "a device of another type does not get it" \
	"$transfer" load "$VMIG_DEVICE_OTHER" "$tmp/good.vms"
size=$(stat -c %s "$tmp/good.vms")
head -c $((size - 1)) "$tmp/good.vms" >"$tmp/short.vms"
refused 2 "cut short" "a file cut short" "$transfer" load "$VMIG_DEVICE" "$tmp/short.vms"
head -c 1000 "$tmp/good.vms" >"$tmp/short.vms"
refused 2 "within its header" "a file cut within its header" \
	"$transfer" load "$VMIG_DEVICE" "$tmp/short.vms"
cp "$tmp/good.vms" "$tmp/bad.vms"
printf x | dd of="$tmp/bad.vms" bs=1 seek=2000 conv=notrunc status=none
refused 2 "checksum of its stream" "a file with a wrong byte" \
	"$transfer" load "$VMIG_DEVICE" "$tmp/bad.vms"
printf x | dd of="$tmp/bad.vms" bs=1 seek=300 conv=notrunc status=none
refused 2 "checksum of its header" "a file with a wrong byte in its header" \
	"$transfer" load "$VMIG_DEVICE" "$tmp/bad.vms"
refused 2 "does not begin as" "a file of another kind" "$transfer" load "$VMIG_DEVICE" README.md
refused 2 "cannot be opened" "a file that is not there" "$transfer" load "$VMIG_DEVICE" "$tmp/none"
refused 2 "cannot be written" "a place where nothing can be written" \
	"$transfer" save "$VMIG_DEVICE" /proc/none/file
mkdir "$tmp/small"
mount -t tmpfs -o size=32k none "$tmp/small"
refused 2 "cannot be written.*$running" "a disk that is full" \
	"$transfer" save "$VMIG_DEVICE" "$tmp/small/file"
tap_is "" "$(ls "$tmp/small")" "what was written of it is gone"
umount "$tmp/small"

# A state that is whole, and that the driver does not take: whatever it says, it is bad.
selftests/meta/streams_forge.py "$tmp/good.vms" "$tmp/forged.vms"
refused 1 "the driver refused it: .*$running" "a stream that the driver refuses" \
	"$transfer" load "$VMIG_DEVICE" "$tmp/forged.vms"

# Pipes.

# piped RC PATTERN WHAT SOURCE [DEVICE [VARIABLE=VALUE]...]: what the shell command SOURCE writes,
# to a device
piped()
{
	local expected=$1 pattern=$2 what=$3 from=$4 to=${5:-$VMIG_DEVICE2}

	shift $(($# < 5 ? $# : 5))
	refused "$expected" "$pattern" "$what" \
		env "$@" bash -c "($from) | $transfer load $to -"
}

"$transfer" save "$VMIG_DEVICE" - 78 2>"$tmp/save.err" </dev/null |
	"$transfer" load "$VMIG_DEVICE2" - >"$tmp/load.out" 2>"$tmp/load.err"
tap_is "0 0" "${PIPESTATUS[*]}" "a state goes through a pipe"
grep -q '^loaded [0-9]* bytes in .* accepted, the state is the one that was saved' "$tmp/load.out"
tap $? "and is the one that was saved"
grep -q '^saved [0-9]* bytes in [0-9.]* s, ' "$tmp/save.err"
tap $? "who saves says so on standard error"

"$transfer" save "$VMIG_DEVICE" - 78 >"$tmp/piped.vms" 2>"$tmp/err" </dev/null &&
	"$transfer" show "$tmp/piped.vms" >"$tmp/out" 2>&1
tap $? "what goes through a pipe is a stream file too, and nothing else is in it"
"$transfer" load "$VMIG_DEVICE2" "$tmp/piped.vms" >"$tmp/out" 2>&1
tap $? "it can be loaded"
"$transfer" load "$VMIG_DEVICE2" - <"$tmp/good.vms" >"$tmp/out" 2>&1
tap $? "and a stream file can come through a pipe"

stream=$(($(stat -c %s "$tmp/piped.vms") - 1024 - 32))
printf x | cat "$tmp/piped.vms" - >"$tmp/more.vms"
cp "$tmp/piped.vms" "$tmp/bad.vms"
printf x | dd of="$tmp/bad.vms" bs=1 seek=2000 conv=notrunc status=none
piped 2 "ended early, .*: 1000 bytes had come .*$running" "a pipe that ends early" \
	"head -c 2024 $tmp/piped.vms"
piped 2 "ended early: 1000 bytes had come .*$running" "the same of a stream of known length" \
	"head -c 2024 $tmp/good.vms"
piped 2 "ended early, .*: $stream bytes had come .*$running" "one with all but the trailer" \
	"head -c $((1024 + stream)) $tmp/piped.vms"
piped 2 "ended early, .*: $((stream + 31)) bytes had come .*$running" "one with a byte less" \
	"head -c $((1024 + stream + 31)) $tmp/piped.vms"
piped 2 "something behind the stream: $((stream + 33)) bytes.*$running" "one with a byte more" \
	"cat $tmp/more.vms"
piped 2 "more than the [0-9]* bytes of the stream came.*$running" \
	"the same of a stream of known length" "cat $tmp/good.vms && echo"
piped 2 "checksum of the stream is wrong.*$running" "one with a wrong byte" "cat $tmp/bad.vms"
piped 2 "ended before anything came" "one that nothing comes through" ":"
piped 2 "within its header" "one that ends within its header" "head -c 1000 $tmp/piped.vms"
piped 2 "does not begin as a stream" "one with words before the stream" \
	"echo Welcome && cat $tmp/piped.vms"
piped 2 "is no stream for .*\"mdev mock-1\"" "one with a stream of another device" \
	"cat $tmp/piped.vms" "$VMIG_DEVICE_OTHER"
piped 2 "nothing came through the pipe for 1 s (VMIG_WAIT_SECONDS" "one with a sender that sleeps" \
	"sleep 3" "$VMIG_DEVICE2" VMIG_WAIT_SECONDS=1
piped 2 "nothing more came .* for 1 s, after 2024 bytes.*$running" "one that falls asleep" \
	"head -c 2024 $tmp/piped.vms && sleep 3" "$VMIG_DEVICE2" VMIG_SILENCE_SECONDS=1
piped 2 "takes too long as a whole.*$running" "one that trickles" \
	"head -c 2024 $tmp/piped.vms && while printf x; do sleep 0.2; done" "$VMIG_DEVICE2" \
	VMIG_TRANSFER_SECONDS=1 VMIG_WAIT_SECONDS=1
piped 1 "the driver refused it: .*$running" "one with a stream that the driver refuses" \
	"cat $tmp/forged.vms"

# poured PATTERN WHAT SINK [VARIABLE=VALUE]...: what a device writes, to the shell command SINK
poured()
{
	local pattern=$1 what=$2 to=$3

	shift 3
	refused 2 "$pattern" "$what" \
		env "$@" bash -c "$transfer save $VMIG_DEVICE - $to; exit \${PIPESTATUS[0]}"
}

poured "the reader of the pipe went away after [0-9]* bytes.*$running" "a reader that goes away" "| true"
poured "went away after [0-9]* bytes.*$running" "one that does so in the middle" \
	"| head -c 2000 >$tmp/out"
poured "took anything out of the pipe for 1 s.*$running" "one that reads nothing" "| sleep 3" \
	VMIG_WAIT_SECONDS=1
poured "cannot be written after 0 bytes: No space left.*$running" "a disk that is full" ">/dev/full"
poured "cannot be written after 0 bytes: Bad file" "standard output that is closed" ">&-"
mkdir -p /dev/pts && mount -t devpts devpts /dev/pts
script -qec "$transfer save $VMIG_DEVICE - 2>$tmp/err" /dev/null >"$tmp/tty" </dev/null
rc=$?
said 2 "not for a terminal" "a terminal gets no stream"
tap_is 0 "$(stat -c %s "$tmp/tty")" "not a byte of it"

(head -c 2024 "$tmp/piped.vms"; sleep 20) | "$transfer" load "$VMIG_DEVICE2" - >"$tmp/load.out" 2>"$tmp/load.err" &
loader=$!
held=''
for _ in $(seq 100); do
	"$transfer" save "$VMIG_DEVICE2" - >/dev/null 2>"$tmp/err" </dev/null || held=1
	[ -z "$held" ] || break
	sleep 0.1
done
rc=2
said 2 "another process has it" "a device that is taken"
kill -TERM $loader
wait $loader
rc=$?
cp "$tmp/load.err" "$tmp/err"
said 2 "interrupted after 2024 bytes.*$running" "a pipe that is interrupted"

# And after all that.
"$transfer" save "$VMIG_DEVICE" "$tmp/last.vms" 79 >"$tmp/out" 2>&1 &&
	"$transfer" load "$VMIG_DEVICE2" "$tmp/last.vms" >"$tmp/out" 2>&1
tap $? "both devices are as good as before"

# And as a user of a host types it; this guest is one, with devices that run.sh finds in sysfs.

host()
{
	timeout 400 ./run.sh -q -o "$tmp/runs" "$@"
}

host -d "$VMIG_DEVICE" --seed 5 --save-stream "$tmp/host.vms" >"$tmp/out" 2>&1 </dev/null
tap $? "run.sh --save-stream of a device of the host"
host -d "$VMIG_DEVICE2" --load-stream "$tmp/host.vms" >"$tmp/out" 2>&1 </dev/null &&
	grep -q '^loaded .* accepted, the state is the one that was saved' "$tmp/out"
tap $? "run.sh --load-stream into another one"
host -d "$VMIG_DEVICE" --seed 6 --save-stream - 2>"$tmp/err" </dev/null |
	host -d "$VMIG_DEVICE2" --load-stream - >"$tmp/out" 2>&1
tap_is "0 0" "${PIPESTATUS[*]}" "run.sh --save-stream - and --load-stream - between two of them"
grep -q '^loaded .* accepted, the state is the one that was saved' "$tmp/out"
rc=$?
[ $rc -eq 0 ] || { tap_show "$tmp/out"; tap_show "$tmp/err"; }
tap $rc "with the state that was saved"
host -d "$VMIG_DEVICE" --save-stream - 2>"$tmp/err" </dev/null | true
rc=${PIPESTATUS[0]}
said 2 "the reader of the pipe went away" "and to a reader that goes away"

tap_end
