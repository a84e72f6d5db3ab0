#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Profiles are data: each one keeps to the schema, and names places that are in the source of
# the driver; what is not a profile is refused, by name of the line, before anything is done.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

report=results/vmig-report
judged=()
for p in configs/devices/*.conf; do
	$report --check-profile "$p" >"$tmp/out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/out"
	tap $rc "$p keeps to the schema"
	# A driver that this kernel does not have, or that is ours, has no line in it.
	if grep -qE '^(modules: mdev mtty|upstream:)' "$p"; then
		judged+=("$p")
	fi
	! grep -q '^verified:' "$p" && [[ $p != */@(mock|edu).conf ]]
	tap $((!$?)) "$p says where it was verified"
done
selftests/meta/profile_lines.py "$KSRC" "${judged[@]}" >"$tmp/out" 2>&1
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/out"
tap $rc "the functions and lines that ${#judged[@]} profiles name are in the kernel's source"
echo 'deviation: RES-07 | a.*.b | mtty.c:7 mtty_probe() | it is not there' >"$tmp/bad.conf"
selftests/meta/profile_lines.py "$KSRC" "$tmp/bad.conf" >"$tmp/out" 2>&1
tap_is 1 $? "a line that is not in its function is noticed"
echo 'deviation: RES-07 (-6.12.1) | a.*.b | mtty.c:7 mtty_probe() | it is not there' >"$tmp/old.conf"
selftests/meta/profile_lines.py "$KSRC" "$tmp/old.conf" >"$tmp/out" 2>&1
tap_is 0 $? "one of other kernels is not looked for in this one"
sed -i 's/(-6.12.1)/(6.1-)/' "$tmp/old.conf"
selftests/meta/profile_lines.py "$KSRC" "$tmp/old.conf" >"$tmp/out" 2>&1
tap_is 1 $? "one of this kernel is"

# refused WHAT SENTENCE LINE...: a profile of these lines
refused()
{
	local what=$1 sentence=$2 rc

	shift 2
	printf '%s\n' "driver: x" "$@" >"$tmp/bad.conf"
	$report --check-profile "$tmp/bad.conf" >"$tmp/out" 2>&1
	rc=$?
	if [ $rc -ne 2 ] || [ "$(wc -l <"$tmp/out")" -ne 1 ] || ! grep -qF -- "$sentence" "$tmp/out"; then
		tap_show "$tmp/out"
		rc=1
	else
		rc=0
	fi
	tap $rc "refused: $what"
}

refused "an unknown key" 'line 2: there is no key "drivers"' "drivers: y"
refused "a key twice" 'line 2: "driver" stands there twice' "driver: y"
refused "a line without a key" 'line 2 is not of the form' "nothing"
refused "a key without a value" 'line 2: the value of "mdev" is not of the form "one word"' "mdev:"
refused "two words for one" 'the value of "firmware"' "firmware: qat pds"
refused "a number that is none" 'the value of "instances"' "instances: many"
refused "a feature that there is not" 'the value of "feature"' "feature: FAST | always | x.c f()"
refused "a parameter without a module" 'the value of "parameter"' "parameter: a=b"
refused "an errno that is none" 'the value of "errno"' "errno: read() | bad | x.c f()"
refused "three fields of four" 'the value of "deviation"' "deviation: RES-07 | a.*.b | x.c f()"
refused "a clause that there is not" 'there is no clause "RES-99"' "deviation: RES-99 | a | x.c f() | y"
refused "a range of kernels that is none" 'is no range of kernels' "deviation: RES-07 (7.0-6.8) | a | x | y"
refused "a range behind tests that is none" 'behind the tests is no range of kernels' "crashes: a (6) | x | y"
refused "a range behind no tests" 'does not say which tests' "crashes: (-6.6) | x | y"
refused "kernels that are none" 'the value of "kernels"' "kernels: new ones"

./run.sh --no-install -d xe >"$tmp/out" 2>&1
tap_is 2 $? "a profile that the guest has no device for"
grep -q 'bound to xe-vfio-pci' "$tmp/out"
tap $? "... says what to give instead"
tap_end
