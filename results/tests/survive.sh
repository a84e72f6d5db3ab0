#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What may happen to a run and to its report, as KTAP: a guest that lies, a power failure, a
# full disk, files of garbage.
#
#   survive.sh      FUZZ_SECONDS (default 2) is the time of each fuzz target
set -u
cd "$(dirname "$0")" || exit 2
tests=$PWD
results=$(cd .. && pwd)
# shellcheck source=selftests/meta/tap.sh
. "$results/../selftests/meta/tap.sh"
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

# A build of its own: make must not make vmig-report anew while somebody runs it.
build=$results/build/survive
report=$build/vmig-report
good=$tests/golden/33-planned/run
words='ended before the first test|interrupted'

# prepare DIR [STATUS]: a run that has a report already, of when it was interrupted.
prepare()
{
	cp -r "$good" "$1"
	sed -i 's/"complete"/"interrupted"/' "$1/run.json"
	"$report" "$1" >/dev/null 2>&1
	cp "$good/run.json" "$1/run.json"
}

# Each file is the one before or the one after, at whatever call the report is ended.
killed()
{
	local n=0 rc f bad=0 old=$tmp/old new=$tmp/new

	if ! ${CC:-gcc} -shared -fPIC -D_GNU_SOURCE -o "$tmp/kill.so" kill.c -ldl 2>"$tmp/err"; then
		tap_show "$tmp/err"
		tap 1 "kill.c is built"
		return
	fi
	prepare "$old"
	cp -r "$old" "$new"
	"$report" "$new" >/dev/null 2>&1
	tap_is 0 $? "the report of a run that was interrupted first"
	while :; do
		n=$((n + 1))
		rm -rf "$tmp/run"
		cp -r "$old" "$tmp/run"
		LD_PRELOAD=$tmp/kill.so KILL_AT=$n timeout 60 "$report" "$tmp/run" >/dev/null 2>&1
		rc=$?
		[ $rc -eq 137 ] || break
		for f in results.json junit.xml report.html; do
			cmp -s "$tmp/run/$f" "$old/$f" || cmp -s "$tmp/run/$f" "$new/$f" || {
				echo "# $f is damaged by an end at call $n"
				bad=1
			}
		done
		# Whoever comes next is not kept from his work by what lies about.
		timeout 60 "$report" "$tmp/run" >/dev/null 2>&1
		tap_quiet $? && diff -r "$tmp/run" "$new" || bad=1
	done 2>/dev/null
	tap_is 0 "$rc" "a report that nobody ends"
	# Three files of four calls each, and the directory.
	[ "$n" -gt 10 ] || bad=1
	tap $bad "kill -9 of vmig-report at each of $((n - 1)) calls leaves whole files"
}

tap_quiet()
{
	[ "$1" -eq 0 ]
}

# What kill -9 of run.sh and a power failure leave: the head of each file, and a run.json
# that still says "interrupted".
cut_off()
{
	local d=$tmp/cut step lines rc bad=0

	for step in 0 1 5 9 17 26 40 60; do
		rm -rf "$d"
		mkdir -p "$d/ktap"
		cp "$good/tests.tsv" "$d"
		[ "$step" -eq 0 ] || sed 's/"complete"/"interrupted"/' "$good/run.json" >"$d/run.json"
		[ "$step" -le 1 ] || head -n "$step" "$good/dmesg.txt" >"$d/dmesg.txt"
		[ "$step" -le 5 ] || cp "$good/environment.json" "$d"
		lines=$((step - 9))
		[ "$lines" -le 0 ] || head -c $((lines * 30)) "$good/ktap/fd.ktap" >"$d/ktap/fd.ktap"
		rc=0
		"$report" "$d" >"$tmp/out" 2>"$tmp/err" || rc=$?
		case $step:$rc in
		0:2) ;;
		0:* | *:0) bad=1 ;;
		*:130) grep -Eq "$words" "$tmp/out" "$tmp/err" || bad=1 ;;
		*) bad=1 ;;
		esac
		[ $bad -eq 0 ] || {
			echo "# step $step: exit code $rc"
			tap_show "$tmp/err"
			break
		}
	done
	tap $bad "a run that is cut off at any point is reported as interrupted"
}

# A file system without room: the files of before stay, and the sentence says what to do.
full_disk()
{
	local rc=0 what="a full disk leaves the old files, and says so"

	tap_may_mount "$what" || return
	mkdir "$tmp/disk"
	prepare "$tmp/kept"
	# The mount ends with the shell that made it.
	# shellcheck disable=SC2016 # expanded by the inner shell
	"${tap_mounting[@]}" sh -c '
		mount -t tmpfs -o size=768k vmig "$1" || exit
		cp -r "$2/." "$1" 2>/dev/null
		cat /dev/zero >"$1/filler" 2>/dev/null
		"$3" "$1" >"$4" 2>&1
		[ $? -eq 2 ] || exit 1
		for f in results.json junit.xml report.html; do
			cmp "$1/$f" "$2/$f" >>"$4" 2>&1 || exit 1
		done
		[ -z "$(find "$1" -name ".*.part")" ] || exit 1
		grep -q "No space left on device" "$4"' sh "$tmp/disk" "$tmp/kept" "$report" "$tmp/said" || rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/said"
	tap $rc "$what"
}

echo "TAP version 13"
if ! nice "${MAKE:-make}" -s -C "$results" BUILD="$build" PROGRAM="$report" "$report" \
	"$build/lying" >"$tmp/build" 2>&1; then
	tap_show "$tmp/build"
	tap 1 "report and tests are built"
	tap_end
fi
nice "$build/lying" "$good" >"$tmp/lying"
rc=$?
tap_forward <"$tmp/lying"
tap $rc "the guest that lies came to its end"
killed
cut_off
full_disk
fuzz/run.sh "${FUZZ_SECONDS:-2}" >"$tmp/fuzz" || :
tap_forward <"$tmp/fuzz"
tap_end
