#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the VFIO core alone has to do: its defects fit the newest kernel and the catalogue, and the clauses
# that take a physical function with virtual ones are judged in a guest that has one.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh
# shellcheck source=configs/run/lib.sh
. configs/run/lib.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
dir=selftests/test_modules/core

patch -f --dry-run -p1 -d "$(configs/guest/kernel.sh source)" <"$dir/defects.patch" >"$tmp/out" 2>&1
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/out"
tap $rc "the defects of the core fit the kernel"
profile_get "$dir/defects.patch" Defect | sed 's/ *| */\t/g' >"$tmp/defects"
./run.sh --clauses >"$tmp/clauses"
while IFS=$'\t' read -r name clause profile _ what; do
	grep -qw -- "$clause" "$tmp/clauses" && [ -n "$what" ] &&
		{ [ -e "configs/devices/$profile.conf" ] || [ -e "$dir/$profile.conf" ]; } || echo "$name"
done <"$tmp/defects" >"$tmp/wrong"
tap_is '' "$(paste -sd ' ' "$tmp/wrong")" "each has a clause, a profile and a sentence"
tap_is "$(cut -f 1 "$tmp/defects" | sort)" \
	"$(grep -o 'vfio_defect("[a-z0-9_]*")' "$dir/defects.patch" | cut -d '"' -f 2 | sort -u)" \
	"each that is listed is in the patch, and no other"

args=()
while read -r line; do
	args+=(--qemu-arg "$line")
done < <(profile_get "$dir/nvme.conf" qemu)
timeout 900 ./run.sh -q -o "$tmp/nvme" --guest "${args[@]}" --setup "$(profile_get "$dir/nvme.conf" setup)" \
	-t 'bind.* dma_buf.*' >"$tmp/out" 2>&1 </dev/null
rc=$?
[ $rc -eq 2 ] || tap_show "$tmp/out"
tap_is 2 $rc "a device without migration: nothing failed, and it is no verdict"
for test in bind/bind.cdev.token_of_physical_function dma_buf/dma_buf.cdev.exported \
	dma_buf/dma_buf.group.ranges; do
	grep -q "^ok [0-9]* ${test#*/}\$" "$tmp/nvme/latest/ktap/${test%/*}.ktap"
	tap $? "$test was judged"
done
tap_end
