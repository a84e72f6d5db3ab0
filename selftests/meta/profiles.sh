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
profiles=(configs/devices/*.conf)
for p in "${profiles[@]}"; do
	$report --check-profile "$p" >"$tmp/out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/out"
	tap $rc "$p keeps to the schema"
	! grep -q '^verified:' "$p" && [[ $p != */@(mock|edu).conf ]]
	tap $((!$?)) "$p says where it was verified"
done

# looked_up RC WHAT PROFILE...: whether looking them up in the source $ksrc ends so
looked_up()
{
	local rc=$1 what=$2

	shift 2
	selftests/meta/profile_lines.py "$ksrc" "$@" >"$tmp/out" 2>&1
	rc=$((rc != $?))
	[ $rc -eq 0 ] || tap_show "$tmp/out"
	tap $rc "$what"
}

while read -r series; do
	ksrc=$(KERNEL_SRC='' VMIG_KERNEL=$series configs/guest/kernel.sh source 2>"$tmp/out")
	now=$(make -s -C "$ksrc" kernelversion 2>>"$tmp/out")
	[ -n "$now" ] || tap_show "$tmp/out"
	tap $((!${#now})) "there is a source of Linux $series"
	what="functions alone, as the profiles name the lines of another one"
	grep -qE "^source:.* ${now//./\\.}([ ,]|$)" "${profiles[@]}" && what="functions and lines"
	looked_up 0 "what ${#profiles[@]} profiles name is in Linux $now: $what" "${profiles[@]}"
	looked_up 0 "each line of $now is missed where it moves by one" --shift "${profiles[@]}"
done < <(configs/guest/kernel.sh series)

ksrc=${KSRC:?}
now=$(make -s -C "$ksrc" kernelversion)
head=$(grep -n '^static int mtty_probe(' "$ksrc/samples/vfio-mdev/mtty.c")
head=${head%%:*}

# one_place RC WHAT KERNELS PLACE [RANGE]: the same of a profile with this place alone
one_place()
{
	printf '%s\n' "source: Linux $3, samples/vfio-mdev" \
		"deviation: RES-07 ${5-}| a.*.b | $4 | why" >"$tmp/place.conf"
	looked_up "$1" "$2" "$tmp/place.conf"
}
one_place 0 "the line on which a function begins" "$now" "mtty.c:$head mtty_probe()"
one_place 1 "the line behind it is noticed" "$now" "mtty.c:$((head + 1)) mtty_probe()"
one_place 1 "a line that is not in its function is" "$now" "mtty.c:7 mtty_probe()"
one_place 1 "a word that is not on its line is" "$now" "mtty.c:$head:vfio mtty_probe()"
one_place 1 "a function that there is not is" "$now" "mtty.c:$head mtty_sonde()"
one_place 1 "... in any kernel" 5.4.1 "mtty.c mtty_sonde()"
one_place 0 "a line of another kernel is not looked for" 5.4.1 "mtty.c:7 mtty_probe()"
one_place 0 "one of two lines is that of this kernel" "5.4.1 and $now" "mtty.c:7/$head mtty_probe()"
one_place 1 "... and must be there" "5.4.1 and $now" "mtty.c:$head/7 mtty_probe()"
one_place 1 "a place with more lines than kernels" "$now" "mtty.c:7/$head mtty_probe()"
one_place 0 "one that other kernels have is not looked for" "$now" "mtty.c:7 mtty_probe()" "(-5.4) "
one_place 1 "one that this kernel has is" "$now" "mtty.c:7 mtty_probe()" "(5.4-) "
one_place 0 "a range that leaves one kernel has one line" "5.4.1, $now" "mtty.c:$head mtty_probe()" \
	"(6.1-) "

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
