#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The vendors' drivers on simulated firmware: each comes up and does what its profile says,
# the report says what it ran on, each finding is told, each patch of the history fits, and a
# bug of each driver that is brought back is caught.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh
# shellcheck source=configs/run/lib.sh
. configs/run/lib.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

./run.sh --clauses >"$tmp/clauses"
mapfile -t profiles < <(grep -l '^firmware:' configs/devices/*.conf)
for conf in "${profiles[@]}"; do
	name=${conf##*/}
	name=${name%.conf}
	findings=configs/devices/$name.findings.md
	[ -s "$findings" ]
	tap $? "$name: $findings tells what was found"
	missing=$(profile_get "$conf" deviation | sed 's/ .*//' | sort -u |
		while read -r id; do grep -qw -- "$id" "$findings" || echo "$id"; done)
	tap_is "" "$missing" "$name: each clause of its deviations is in the findings"
	stand_in=selftests/test_modules/firmware/$(profile_get "$conf" firmware)
	[ -d "$stand_in" ]
	tap $? "$name: there is a stand-in, $stand_in"

	timeout 900 ./run.sh -q -o "$tmp/$name" -d "$name" -t 'state.* stale_fd.* data_fd.*' \
		>"$tmp/$name.out" 2>&1 </dev/null
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/$name.out"
	tap_is 0 $rc "$name: exit code of a run of three chapters"
	tr -s ' \n' ' ' <"$tmp/$name.out" |
		grep -q 'Verdict: conformant.* (driver code on simulated firmware)'
	tap $? "$name: the verdict says that the firmware is simulated"
	grep -q '"firmware": "simulated by vfio_mig_fw_.*, sha256 [0-9a-f]\{16\}, unmodified"' \
		"$tmp/$name/latest/results.json"
	tap $? "$name: the report says what the driver was built from"
done

# In the order of the real mlx5_core, which answers a command after the call that gave it has returned.
timeout 900 ./run.sh -q -o "$tmp/second" -d mlx5 --param vfio_mig_fw_mlx5.quick_ms=0 \
	-t 'precopy*.cdev* firmware.cdev_PRE_COPY*' >"$tmp/second.out" 2>&1 </dev/null
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/second.out"
tap_is 0 $rc "mlx5: exit code of a second pass, in which nobody waits for the answer to a command"

timeout 900 ./run.sh -q -o "$tmp/without" -d mlx5 --without-migration -t 'feature.* lifecycle_any.* reset_any.* region.*' \
	>"$tmp/without.out" 2>&1 </dev/null
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/without.out"
tap_is 0 $rc "mlx5: exit code of a run on a function that is not migratable"
# The one of the four whose driver tells functions of the one card what happened to the other.
timeout 900 ./run.sh -q -o "$tmp/cards" -d pds --param vfio_mig_fw.cards=2 --param vfio_mig_fw.nr_vfs=1 \
	-t 'other_card.cdev_*' >"$tmp/cards.out" 2>&1 </dev/null
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/cards.out"
tap_is 0 $rc "pds: exit code of a run across two cards"

# fits PATCH DIRECTORY SOURCE: does it apply to the driver in this source of the kernel?
fits()
{
	local version range rc

	version=$(make -s -C "$3" kernelversion)
	range=$(profile_get "$1" Kernels)
	kernel_in "${range:--}" "$version" || return 0
	rm -rf "$tmp/copy"
	cp -r "$3/$2" "$tmp/copy"
	patch -s -f -p1 -d "$tmp/copy" <"$1" >"$tmp/patch.out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/patch.out"
	tap $rc "${1##*/} fits $2 of Linux $version"
	fitting="$fitting $version"
}

sources=()
while read -r series; do
	sources+=("$(KERNEL_SRC='' VMIG_KERNEL=$series configs/guest/kernel.sh source)")
done < <(configs/guest/kernel.sh series)
[[ " ${sources[*]} " == *" $KSRC "* ]] || sources+=("$KSRC")
sample=()
for patch in selftests/test_modules/history/*.patch; do
	name=${patch##*/}
	name=${name%%.*}
	driver=$(profile_get "$patch" Driver)
	clause=$(profile_get "$patch" Clause)
	grep -qw -- "$clause" "$tmp/clauses" && [ -n "$(profile_get "$patch" What)" ] &&
		[[ $(profile_get "$patch" Commit) =~ ^([0-9a-f]{12}|-)\ .+ ]] &&
		[[ $(profile_get "$patch" Bug) =~ ^[0-9]+$ ]]
	tap $? "${patch##*/} says which bug, commit and clause"
	dir=$(profile_get "$patch" Directory)
	[ -n "$dir" ] || dir=$(profile_get "configs/devices/$driver.conf" upstream |
		sed -n '1s/[[:blank:]].*//p')
	fitting=
	for source in "${sources[@]}"; do
		fits "$patch" "$dir" "$source"
	done
	[ -n "$fitting" ]
	tap $? "${patch##*/} is for a kernel that there is:$fitting"
	# One of each driver, none of which needs a kernel that has control groups of memory.
	[[ " ${sample[*]} " == *" $driver-"* ]] || [ -n "$(profile_get "$patch" Cgroups)" ] || sample+=("$name")
done

args=()
for name in "${sample[@]}"; do
	args+=(--defect "$name")
done
timeout 1200 ./run.sh --replay -q -o "$tmp/replay" "${args[@]}" >"$tmp/out" 2>"$tmp/err" </dev/null
rc=$?
[ $rc -eq 0 ] || tap_show <(cat "$tmp/err" "$tmp/out")
tap_is 0 $rc "exit code of run.sh --replay"
tap_is "replay: ${#sample[@]} of ${#sample[@]} caught, 0 false alarms" "$(tail -n 1 "$tmp/out")" \
	"a bug of each driver is caught: ${sample[*]}"
tap_end
