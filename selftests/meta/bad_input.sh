#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Bad input to run.sh: one sentence on stderr that says what and what to do, exit code 2,
# nothing left behind.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh
# shellcheck source=configs/run/lib.sh
. configs/run/lib.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"

# refused WHAT PATTERN COMMAND...: see tap_refused
refused()
{
	tap_refused 400 "$@"
}

refused "unknown option" "unknown option '--frobnicate'" ./run.sh --frobnicate
refused "option without its value" "needs a value" ./run.sh -d
refused "two devices" "once" ./run.sh -d mtty -d mtty
refused "two actions" "exclude each other" ./run.sh --list --clauses
refused "unknown name" "no device 'nosuch'.*mtty" ./run.sh -d nosuch
refused "PCI address that is not there" "no device '0000:ff:1f.7'" ./run.sh -d 0000:ff:1f.7
refused "UUID that is not there" "no device" ./run.sh -d 11111111-2222-3333-4444-555555555555
refused "cdev that is not there" "no device" ./run.sh -d /dev/vfio/devices/vfio4711
refused "path that is no device" "no device" ./run.sh -d /etc/passwd
refused "option of the guest for a device of the host" "add --guest" \
	./run.sh -d 0000:ff:1f.7 --setup true
refused "parameter without a value" "has not the form MODULE.NAME=VALUE" \
	./run.sh -d mtty --param vfio_mig_mock.features
refused "parameter that the module does not have" "mtty has no parameter 'frobnicate'" \
	./run.sh -q -d mtty -o "$tmp/results" --param mtty.frobnicate=1
refused "parameter of a module that is not loaded" "the guest loads no module vfio_mig_mock" \
	./run.sh -q -d mtty -o "$tmp/results" --param vfio_mig_mock.features=all
refused "parameter of a value that the module refuses" "could not load vfio_mig_mock.ko with features=x" \
	./run.sh -q -d mock -o "$tmp/results" --param vfio_mig_mock.features=x
refused "no measurement" "from 1 to 9999" ./run.sh --bench 0
refused "so many measurements" "from 1 to 9999" ./run.sh --bench lots
for seed in soon -1 4294967296 99999999999; do
	refused "seed '$seed'" "from 0 to 4294967295" ./run.sh -d mock --seed "$seed"
done
refused "mutants with measurements" "chooses tests" ./run.sh --mutants --bench 20
refused "unknown defect" "no defect 'nosuch'" ./run.sh --mutants --defect nosuch
refused "mutants of a driver that has no defects" "mtty has no defects" ./run.sh --mutants -d mtty
refused "defect of the other driver" "none of these defects" \
	./run.sh --mutants -d mock --defect hot_reset_ignored
refused "defect without --mutants" "needs --mutants" ./run.sh --defect stale_after_stop
refused "unknown freedom" "no freedom 'nosuch'" ./run.sh --conforming --freedom nosuch
refused "freedoms of a driver that takes none" "mtty takes no freedom" ./run.sh --conforming -d mtty
refused "freedom of the other driver" "none of these freedoms" \
	./run.sh --conforming -d mock --freedom bad_load_breaks
refused "freedom without --conforming" "needs --conforming" ./run.sh --freedom read_blocks
refused "freedom that the module does not have" "could not load vfio_mig_mock.ko with conforming=x" \
	./run.sh -q -d mock -o "$tmp/results" --param vfio_mig_mock.conforming=x
refused "freedoms with a choice of tests" "chooses tests" ./run.sh --conforming -t 'fsm*'
refused "mutants with a choice of tests" "chooses tests" ./run.sh --mutants -t 'fsm*'
refused "coverage of a driver without source" "takes the name of a profile" \
	./run.sh --driver-coverage -d nosuch
what="drivers that have no device without migration are named, and recorded, when others are tested"
timeout 400 ./run.sh -q -d all --without-migration -t 'nosuch.*' -o "$tmp/without" >"$tmp/out" 2>"$tmp/err" </dev/null
if [ $? -eq 2 ] && grep -q '^vmig: left out: .*mock.* (without_migration:)$' "$tmp/err" &&
	grep -q '"left_out": ".*mock' "$tmp"/without/runs/*-mlx5/run.json; then
	tap 0 "$what"
else
	tap_show "$tmp/err"
	tap 1 "$what"
fi
refused "bug that is not in the history" "none of the patches" ./run.sh --replay --defect nosuch
refused "replay of a driver without a history" "none of the patches" ./run.sh --replay -d mtty
refused "replay with --full" "needs --mutants" ./run.sh --replay --full
refused "too little memory for the card" "state_kb=x: a number" \
	./run.sh -q -d pds -o "$tmp/results" --param vfio_mig_fw.state_kb=x
refused "memory of a size that the card does not have" "could not load vfio_mig_fw.ko" \
	./run.sh -q -d pds -o "$tmp/results" --param vfio_mig_fw.state_kb=100
refused "a state of no device" "needs a device" ./run.sh --save-stream "$tmp/x.vms"
refused "a state of several devices" "takes one device" ./run.sh -d all --save-stream "$tmp/x.vms"
refused "a state to a place that is not there" "no file can be written" \
	./run.sh -d mock --save-stream "$tmp/nosuch/x.vms"
refused "a file that is no state" "does not begin as a stream file" \
	./run.sh -d mock --load-stream README.md
refused "a pattern for a state that has one" "does nothing" \
	./run.sh -d mock --load-stream README.md --seed 3
refused "a state, and tests" "runs no tests" ./run.sh -d mock --load-stream - -t 'fsm*'
refused "a state to and fro" "given once" ./run.sh -d mock --save-stream - --load-stream -
# on_terminal OPTION: the command that has that option and a terminal, for refused
on_terminal="script -qec \"./run.sh -d mock \$0 - 2>'$tmp/tty'\" /dev/null >/dev/null
	rc=\$?; cat '$tmp/tty' >&2; exit \$rc"
refused "a stream to a terminal" "not for a terminal" bash -c "$on_terminal" --save-stream
refused "a stream from a terminal" "comes from a terminal" bash -c "$on_terminal" --load-stream
refused "a limit that is no time" "a number of seconds" \
	env VMIG_WAIT_SECONDS=soon ./run.sh -d mock --load-stream -
refused "a pipe that nothing comes through" "ended before anything came" \
	./run.sh -q -d mock -o "$tmp/results" --load-stream -
refused "module that is not there" "no such file" ./run.sh --ko "$tmp/nosuch.ko"
refused "kernel tree that is not there" "KERNEL_SRC=.*does not exist" \
	env KERNEL_SRC="$tmp/nosuch" ./run.sh --kernel-build-dir
refused "series of kernels that Debian has not" "has no linux-source-9.9: take one of 6" \
	./run.sh -q -d mtty --kernel 9.9
refused "archive that cannot be reached" "cannot be reached, and linux-source-9.9 is not at hand" \
	env VMIG_MIRROR="file://$tmp/nosuch" ./run.sh -q -d mtty --kernel 9.9
mkdir -p "$tmp/cut/src/linux-source-9.9_9.9.1-1.part"
printf 'VERSION = 9\nPATCHLEVEL = 9\nSUBLEVEL = 1\nEXTRAVERSION =\n' \
	>"$tmp/cut/src/linux-source-9.9_9.9.1-1.part/Makefile"
refused "source that was unpacked in part" "linux-source-9.9 is not at hand" \
	env VMIG_CACHE="$tmp/cut" VMIG_MIRROR="file://$tmp/nosuch" ./run.sh -q -d mtty --kernel 9.9
mkdir -p "$tmp/mirror/dists/trixie-backports"
printf 'Suite: trixie-backports\nCodename: trixie-backports\n' >"$tmp/mirror/dists/trixie-backports/InRelease"
refused "archive that Debian has not signed" "signature of file:.* does not fit Debian's keyring" \
	env VMIG_MIRROR="file://$tmp/mirror" ./run.sh -q -d mtty --kernel 7.3
! ls -d "$cache"/debs/apt-*-backports-* "$cache"/src/archives-* >/dev/null 2>&1
tap $? "nothing of an archive that cannot be used stays in the cache"
refused "kernel of no form" "a series such as 7.3" ./run.sh -q -d mtty --kernel seven
refused "kernel and tree" "two kernels: take one" \
	env KERNEL_SRC="$tmp" ./run.sh -q -d mtty --kernel 7.3
refused "two kernels of Debian" "two kernels: take one" \
	./run.sh -q -d mtty --kernel 7.3 --stock-kernel 6.12
refused "kernel for a device of the host" "its own kernel" ./run.sh -d 0000:ff:1f.7 --kernel 7.3
refused "all kernels for a shell" "takes one kernel" ./run.sh -d mtty --kernel all --shell
printf 'VERSION = 6\nPATCHLEVEL = 0\nSUBLEVEL = 0\nEXTRAVERSION =\n' >"$tmp/Makefile"
mkdir -p "$tmp/scripts" "$tmp/arch/x86"
touch "$tmp/Kconfig" "$tmp/Kbuild"
refused "kernel tree that is too old" "6.1 or newer" \
	env KERNEL_SRC="$tmp" ./run.sh --kernel-build-dir
refused "guest of a machine that there is not" "can be x86_64 or aarch64" ./run.sh --arch riscv64
refused "series of kernels of no form" "has the form 6.1, not 'new'" \
	./run.sh -q -d mtty --stock-kernel new
refused "two kernels" "two kernels: take one" ./run.sh -q -d mtty --stock-kernel 6.1 --debug-kernel
refused "32-bit programs on a device of the host" "for the guest" ./run.sh -d 0000:ff:1f.7 --m32
refused "32-bit programs of another machine" "leave out --arch" ./run.sh -d mtty --m32 --arch aarch64
refused "command of this host in a guest of another machine" "runs this host's programs" \
	./run.sh -d mtty --arch aarch64 --guest-cmd true
refused "card in software on another machine" "made for x86-64" ./run.sh -d qat --arch aarch64
refused "replay on a stock kernel" "not for another guest" ./run.sh --replay --stock-kernel 6.12
refused "accelerator that is none" "VMIG_ACCEL=fast" env VMIG_ACCEL=fast ./run.sh -d mtty
touch "$tmp/file"
refused "results directory that is a file" "cannot write to $tmp/file" \
	./run.sh -q -d mtty -o "$tmp/file"

# Devices of this host that no VFIO driver has: the sentence says how to bind.
pci=$(find /sys/bus/pci/devices/ -mindepth 1 -maxdepth 1 2>/dev/null | head -n 1)
what="PCI device without a VFIO driver"
if [ -n "$pci" ]; then
	refused "$what" "bind" ./run.sh -d "${pci##*/}"
else
	tap_skip "this machine has no PCI device" "$what"
fi
platform=$(find /sys/devices/platform -mindepth 2 -maxdepth 2 -name driver 2>/dev/null | head -n 1)
what="device that is not VFIO's"
if [ -n "$platform" ]; then
	refused "$what" "vfio\|VFIO" ./run.sh -d "$(dirname "$platform")"
else
	tap_skip "this machine has no platform device with a driver" "$what"
fi

# What a run that was killed had changed is put back, the last change first.
echo now >"$tmp/setting"
printf '%s\told\n%s\tlater\n' "$tmp/setting" "$tmp/setting" >"$tmp/undo"
what="a run after one that was killed"
if [ -n "$platform" ]; then
	refused "$what" "vfio\|VFIO\|--cleanup" \
		env VMIG_UNDO="$tmp/undo" ./run.sh -d "$(dirname "$platform")"
else
	tap_skip "this machine has no platform device with a driver" "$what"
fi
VMIG_UNDO=$tmp/undo ./run.sh --cleanup >"$tmp/out" 2>&1
tap_is 0 $? "--cleanup: exit code"
tap_is old "$(cat "$tmp/setting")" "--cleanup puts back the first value"
VMIG_UNDO=$tmp/undo ./run.sh --cleanup 2>&1 | grep -q '^There is nothing to put back'
tap $? "--cleanup: nothing is left to put back"
printf '/proc/version\told\n' >"$tmp/undo"
refused "--cleanup of what cannot be written" "by hand" env VMIG_UNDO="$tmp/undo" ./run.sh --cleanup

# A PATH with all but QEMU, and no permission to install it.
path_without "$tmp/bin" "qemu-system-*"
refused "no QEMU" "not installed: qemu-system-x86; run: .*apt-get install" \
	env PATH="$tmp/bin" ./run.sh --no-install -d mtty

# A file system of 200 KiB for the results.
mkdir "$tmp/small"
what="results on a disk that is full"
if tap_may_mount "$what"; then
	# shellcheck disable=SC2016 # expanded by the inner shell
	refused "$what" "full\|no space\|space" "${tap_mounting[@]}" sh -c '
		mount -t tmpfs -o size=200k vmig-test "$1" && exec ./run.sh -q -d mtty -o "$1"' sh "$tmp/small"
	# shellcheck disable=SC2016 # expanded by the inner shell
	refused "a cache on a disk that is full" "no space for .*VMIG_CACHE" "${tap_mounting[@]}" sh -c '
		mount -t tmpfs -o size=200k vmig-test "$1" && VMIG_CACHE=$1 exec ./run.sh -q -d mtty --kernel 7.3' \
		sh "$tmp/small"
fi

# A ring that the kernel refuses: its chapter is skipped with the reason, the engine does without,
# and the rest of the run goes on.
timeout 900 ./run.sh -q -d mock -o "$tmp/no_ring" --seed 04294967295 \
	-t 'ring.* ring_*.* throughput.cdev.engine_* state.cdev.* signals.cdev.in_waiting_read' \
	--setup 'echo 2 >/proc/sys/kernel/io_uring_disabled' >"$tmp/out" 2>&1 </dev/null
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/out"
tap_is 0 $rc "a run on a kernel that refuses io_uring is no failure"
ktap=$tmp/no_ring/latest/ktap
why='the kernel refuses an io_uring (EPERM): the sysctl kernel.io_uring_disabled or a seccomp filter forbids it'
! grep '^ok ' "$ktap/ring.ktap" | grep -vF "# SKIP $why" && grep -qF "$why" "$ktap/ring.ktap"
tap $? "each test of the chapter ring is skipped, with the reason"
tap_is 2 "$(grep -cE '^ok .*throughput.cdev.engine_(save|device_to_device)$' "$ktap/throughput.ktap")" \
	"the engine does without"
grep -qF "a save through the engine: read() and write()" "$ktap/throughput.ktap" && grep -qF "; $why" "$ktap/throughput.ktap"
tap $? "and says so"
grep -q '^ok ' "$ktap/state.ktap" && ! grep -q '^not ok' "$ktap/state.ktap"
tap $? "the rest of the run goes on"
# What a test prints is what --seed takes, up to the largest one; a zero before it makes no octal number of it.
grep -qx '# vmig: seed 4294967295' "$ktap/signals.ktap" &&
	grep -q '"seed": 4294967295,' "$tmp/no_ring/latest/run.json"
tap $? "the largest seed that a test can print is taken"

# Ctrl-C in the middle: 130, what was measured is reported, and nothing goes on. A
# background job of a script ignores SIGINT, which env undoes.
setsid --wait env --default-signal=INT ./run.sh -d mtty -o "$tmp/results" \
	>"$tmp/out" 2>&1 </dev/null &
waiter=$!
for _ in $(seq 600); do
	grep -qs '^state ' "$tmp/out" && break
	sleep 0.1
done
run=$(pgrep -f "^/bin/bash ./run.sh -d mtty -o $tmp/results" | head -n 1)
kill -INT "$run"
wait $waiter
tap_is 130 $? "Ctrl-C ends a run with exit code 130"
grep -q '^Verdict: interrupted' "$tmp/out"
tap $? "the report of an interrupted run says so"
[ -s "$tmp/results/latest/results.json" ] && grep -q '^ok ' "$tmp"/results/latest/ktap/*.ktap
tap $? "what was measured before Ctrl-C is kept"
! pgrep -f "$tmp/results" >/dev/null
tap $? "nothing goes on after Ctrl-C"

tap_end
