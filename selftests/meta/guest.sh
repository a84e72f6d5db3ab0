#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs of the suite in the guest, and what must come of them: mtty breaks exactly what its
# profile says, a device without migration support cannot be tested, a vendor's own module
# is what is tested, and the kernel's own tools read what the tests print.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

# run NAME EXPECTED OPTION...: a run with an exit code; results in $tmp/NAME/latest
run()
{
	local name=$1 expected=$2 rc
	shift 2
	timeout 900 ./run.sh -o "$tmp/$name" "$@" >"$tmp/$name.out" 2>&1 </dev/null
	rc=$?
	[ "$rc" = "$expected" ] || tail -n 60 "$tmp/$name.out" | sed 's/^/# | /'
	tap_is "$expected" "$rc" "exit code of run.sh $*"
}

# clauses NAME OUTCOME: the clauses that came out so, one a line
clauses()
{
	python3 -c 'import json, sys
for c in json.load(open(sys.argv[1]))["clauses"]:
    if c["outcome"] == sys.argv[2]:
        print(c["id"])' "$tmp/$1/latest/results.json" "$2" | sort -u
}

profile=configs/devices/mtty.conf
known=$(sed -n 's/^deviation: *\([A-Z0-9-]*\) .*/\1/p' $profile | sort -u)

run mtty 0 -d mtty
tap_is "$known" "$(clauses mtty 'known deviation')" \
	"what mtty breaks is what mtty.conf says, clause by clause"
tap_is "" "$(clauses mtty broken; clauses mtty warning)" "no other clause is violated"
grep -q '^Verdict: conformant but for' "$tmp/mtty.out"
tap $? "the verdict line counts the known deviations"
tail -n 1 "$tmp/mtty.out" | grep -q '^Total for mtty device .* 0 failed'
tap $? "the totals are the last line"
for f in environment.json results.json junit.xml report.html dmesg.txt run.json; do
	[ -s "$tmp/mtty/latest/$f" ]
	tap $? "the run left $f"
done
for f in "$tmp"/mtty/latest/ktap/*.ktap; do
	python3 "$KSRC/tools/testing/kunit/kunit.py" parse "$f" >"$tmp/kunit" 2>&1
	# Its exit code is that of the tests; what matters is that it finds no fault in the form.
	grep -q 'Testing complete' "$tmp/kunit" && ! grep -qF '[ERROR]' "$tmp/kunit"
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/kunit"
	tap $rc "kunit.py parses ktap/${f##*/}"
done

# Every breach is a failure then: the MUSTs fail, the SHOULDs are warnings. The other tests do the same again.
deviating=$(python3 -c 'import json, sys
for c in json.load(open(sys.argv[1]))["chapters"]:
    for t in c["tests"]:
        if t["outcome"] == "xfail":
            print(t["name"])' "$tmp/mtty/latest/results.json" | tr '\n' ' ')
run unknown 1 -d mtty --no-known-deviations -t "${deviating:-none}"
must=$(for id in $known; do
	python3 -c 'import json, sys
print(*[c["id"] for c in json.load(open(sys.argv[1]))["clauses"]
        if c["id"] == sys.argv[2] and c["level"] == "MUST"])' \
		"$tmp/unknown/latest/results.json" "$id"
done | grep . | sort -u)
tap_is "$must" "$(clauses unknown broken)" "without the list each known MUST is a failure"
run strict 1 -d mtty --no-known-deviations --strict --no-hazards -t 'lifecycle_from.*'
tap_is "OPEN-01" "$(clauses strict broken)" "with --strict a violated SHOULD is a failure"

run glob 0 -d mtty -t 'fsm.cdev_STOP_to_*' --no-hazards
tap_is 11 "$(cat "$tmp"/glob/latest/ktap/*.ktap | grep -c '^ok ')" "-t runs the tests that match"
run nothing 2 -d mtty -t 'nosuch*'

# Parameters reach the module: the smallest state machine has no P2P and no PRE_COPY.
run params 0 -d mock --param vfio_mig_mock.features=none -t 'fsm.cdev_* feature.cdev.*' --no-hazards
grep -q '"flags": 1,' "$tmp/params/latest/results.json"
tap $? "--param: the mock driver with features=none offers STOP_COPY alone"

# A device that has no migration: the rest is tested, and the verdict says why not. Not `access`: mdpy gives bytes
# behind its config space, and its mdev_access() looks at the start of its memory only (REG-07, REG-06).
run mdpy 2 --guest --ko "$(find "$(./run.sh --kernel-build-dir)" -name mdpy.ko)" \
	--setup 'echo 11111111-2222-3333-4444-555555555555 > /sys/devices/virtual/mdpy/mdpy/mdev_supported_types/mdpy-vga/create' \
	-t 'feature.* bind.* state.* lifecycle* reset* region.* hot_reset* fsm.*'
grep -q '^Verdict: could not be tested: .*migration' "$tmp/mdpy.out"
tap $? "the verdict on a device without migration says so"
tap_is "FEAT-13" "$(clauses mdpy kept | grep -x FEAT-13)" "ENOTTY is checked there"
run without 0 --without-migration --guest --ko "$(find "$(./run.sh --kernel-build-dir)" -name mdpy.ko)" \
	--setup 'echo 11111111-2222-3333-4444-555555555555 > /sys/devices/virtual/mdpy/mdpy/mdev_supported_types/mdpy-vga/create' \
	-t 'feature.* lifecycle_any.* reset_any.*'
grep -q '^Verdict: conformant, as a device without migration' "$tmp/without.out"
tap $? "--without-migration: the verdict is on a device that is to have none"

# A vendor's own module: mtty with one arc changed. The reset of a session is left out.
mkdir "$tmp/mod"
sed '/^static void mtty_state_mutex_unlock/,/^}/s/mtty_disable_files(mdev_state);//' \
	"$KSRC/samples/vfio-mdev/mtty.c" >"$tmp/mod/mtty.c"
echo 'obj-m := mtty.o' >"$tmp/mod/Makefile"
make -s -C "$(./run.sh --kernel-build-dir)" M="$tmp/mod" modules >"$tmp/mod.log" 2>&1
tap $? "a module is built against ./run.sh --kernel-build-dir"
run vendor 1 -d mtty --ko "$tmp/mod/mtty.ko" --no-hazards -t '*reset*'
clauses vendor broken | grep -qx 'FD-08\|RST-02'
tap $? "--ko: a driver that leaves the session alive over a reset violates FD-08 or RST-02"

# In the guest, with the host's make, through the kernel's own runner.sh; each chapter, opened in one way.
timeout 900 ./run.sh -o "$tmp/ksft" -d mtty --guest-cmd \
	"VMIG_TESTS='*.cdev*' make -s run_tests DEVICE=\$VMIG_DEVICE KSRC=$KSRC KHDR=$KHDR PROFILE=$profile" \
	>"$tmp/ksft.out" 2>&1 </dev/null
tap_show <(tail -n 3 "$tmp/ksft.out")
grep -q '^ok [0-9]* selftests: .*vmig_fsm' "$tmp/ksft.out" &&
	! grep -q '^not ok' "$tmp/ksft.out"
tap $? "make run_tests runs every chapter through runner.sh"

# Somebody else has the device.
# shellcheck disable=SC2016 # for the shell of the guest
run busy 2 -d mtty --setup 'for g in /dev/vfio/[0-9]*; do setsid sleep 600 <>$g & done'
grep -q 'has it\|in use' "$tmp/busy.out"
tap $? "a busy device is refused with a sentence"

tap_end
