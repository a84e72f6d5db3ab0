#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs vmig_bench on the device under test and on as many of its kind as it takes: an mdev
# gets company, which is there until the machine goes down. For the guest; see `make bench`.
#
#	bench.sh COUNT ARG...

dir=$(dirname "$0")
want=$1
shift

devices=
count=0
for d in $VMIG_DEVICES; do
	[ "$count" -lt "$want" ] || break
	devices="$devices $d"
	count=$((count + 1))
done
type=$(readlink -f "$VMIG_DEVICE/mdev_type")
while [ "$count" -lt "$want" ] && [ -w "$type/create" ]; do
	uuid=$(cat /proc/sys/kernel/random/uuid)
	echo "$uuid" >"$type/create" || exit 2
	devices="$devices $uuid"
	count=$((count + 1))
done
# shellcheck disable=SC2086 # names without blanks
exec "$dir/../../vmig_bench" "$@" $devices
