#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The history, the judgement on regressions, nightly.html, kcidb.json and the files of
# configs/nightly, as KTAP. The nights are real ones of vfio_mig_mock in the guest
# (nights.txt), as they were, and with what nights.py makes of them.
set -u
cd "$(dirname "$0")" || exit 2
tests=$PWD
results=$(cd .. && pwd)
top=$(cd ../.. && pwd)
# shellcheck source=selftests/meta/tap.sh
. "$top/selftests/meta/tap.sh"
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
export VMIG_HOST=lab1
python3=$("$top/selftests/meta/python3.sh") || exit
unset VMIG_ANY_KERNEL VMIG_KCIDB_ORIGIN VMIG_KCIDB_BUILD_ID VMIG_KCIDB_COMMIT

build=$results/build/check
report=$build/vmig-report

# shellcheck source=results/tests/acceptance.sh
. "$tests/acceptance.sh"

# history NAME OPTION...: $tmp/NAME.db has the recorded nights, changed as nights.py is told.
history()
{
	local name=$1 dir

	shift
	"$tests/nights.py" "$tests/nights.txt" "$tmp/$name" "$@" || return
	for dir in "$tmp/$name"/*; do
		"$report" --history-add "$dir" "$tmp/$name.db" || return
	done
}

# judged NAME CODE PATTERN WHAT: the judgement on the newest night.
judged()
{
	local rc=0

	"$report" --judge-regression "$tmp/$1.db" >"$tmp/out" 2>&1 || rc=$?
	[ "$rc" -eq "$2" ] && grep -Eq -e "$3" "$tmp/out"
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/out"
	tap $rc "$4"
}

# each_night NAME: how many alarms all nights of a history give, each as the newest.
each_night()
{
	local dir alarms=0 rc

	for dir in "$tmp/$1"/*; do
		"$report" --history-add "$dir" "$tmp/$1-again.db"
		rc=0
		"$report" --judge-regression "$tmp/$1-again.db" >"$tmp/out" || rc=$?
		[ $rc -eq 0 ] || tap_show "$tmp/out" >&2
		alarms=$((alarms + (rc != 0)))
	done
	echo $alarms
}

# refused WHAT PATTERN COMMAND...: one sentence, exit code 2, and $tmp/keep as it was
refused()
{
	local what=$1 pattern=$2 rc bad=0 sum
	shift 2
	sum=$(cksum "$tmp/keep" 2>/dev/null)
	timeout 60 "$@" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	[ $rc -eq 2 ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] && grep -Eq -e "$pattern" "$tmp/err" || bad=1
	[ "$sum" = "$(cksum "$tmp/keep" 2>/dev/null)" ] || bad=1
	[ $bad -eq 0 ] || { echo "# exit code $rc"; tap_show "$tmp/err"; }
	tap $bad "refused: $what"
}

judgement()
{
	history honest
	tap_is 0 "$(each_night honest)" "no alarm in any of the recorded nights"
	tap_is "$(find "$tmp/honest" -name results.json | wc -l)" \
		"$(sqlite3 "$tmp/honest.db" 'SELECT count(*) FROM runs')" "one row a run"
	history few --nights 3
	judged few 0 "no judgement yet on [0-9]+ \(2 of 5 nights before\)" "too few nights: it says so"
	history slow --nights 9 --scale '8:arc.STOP*:10' --fail 8:throughput.cdev.arcs
	judged slow 4 "arc.STOP.STOP_COPY.us" "a slow-down of ten is found, among nights of a very busy machine"
	grep -q -- '+[0-9]* %: the median of 8 nights before' "$tmp/out" &&
		grep -q 'since 2026-11-09 02:00, when nothing that is recorded' "$tmp/out"
	tap $? "it says by how much and since when"
	history since --repeat 2 --nights 9 --scale '9:arc.STOP*:10' --srcversion 9:NEW
	judged since 4 "since 2026-11-10 02:00, with driver srcversion .* NEW" \
		"a slow-down that stays is told with its first night, and what changed then"
	history machine --nights 9 --scale '8:*us:10' --scale '8:*per_second:10'
	judged machine 0 "^Nightly: 0 regressions" "a machine that is slower at copying too is no regression"
	history kernel --nights 9 --scale '8:arc.STOP*:10' --kernel 8:6.13.0
	judged kernel 0 "no judgement yet" "another kernel is not compared"
	VMIG_ANY_KERNEL=1 judged kernel 4 "with kernel 6.12.117 . 6.13.0" "but with VMIG_ANY_KERNEL"
	history won --repeat 2 --nights 9 --scale '8:arc.STOP*:0.1' --scale '17!:arc.STOP*:10'
	judged won 4 "arc.STOP" "what was won and is lost again is a regression"
	# The same night once more, without what disturbed it.
	cp "$tmp/slow.db" "$tmp/second.db"
	mkdir "$tmp/second"
	"$tests/nights.py" "$tests/nights.txt" "$tmp/second/run" --nights 9
	tap_is "throughput.cdev.arcs" "$("$report" --suspects "$tmp/slow.db" 2026-11-09T02:00:00Z | cut -f 2)" \
		"what is worse is measured a second time"
	cp "$tmp/slow.db" "$tmp/again.db"
	"$tests/nights.py" "$tests/nights.txt" "$tmp/second/slow" --nights 9 --scale '8:arc.STOP*:9' \
		--set 8:run.options.tests=throughput.cdev.arcs
	"$report" --history-add "$tmp/second/slow/008" "$tmp/again.db" 2026-11-09T02:00:00Z
	judged again 4 'arc.STOP.STOP_COPY.us' "what is worse both times is a regression"
	grep -q 'since 2026-11-09 02:00, when nothing that is recorded' "$tmp/out"
	tap $? "that the second run had fewer tests is no change of anything"
	"$report" --history-add "$tmp/second/run/008" "$tmp/second.db" 2026-11-09T02:00:00Z
	judged second 0 "^Nightly: 0 regressions" "the better one of two measurements of a night counts"
}

bad_input()
{
	local i pids=() rc bad=0 one=$tmp/honest/000

	cp "$tmp/honest.db" "$tmp/keep"
	sqlite3 "$tmp/keep" 'PRAGMA user_version = 7'
	refused "another version of the schema" "version 7 of the schema" "$report" --history-add "$one" "$tmp/keep"
	refused "the same by the page" "version 7" "$report" --nightly-html "$tmp/keep" "$tmp/page.html"
	rm "$tmp/keep"
	sqlite3 "$tmp/keep" 'CREATE TABLE t(a)'
	refused "a database of another program" "of another program" "$report" --history-add "$one" "$tmp/keep"
	head -c 9000 "$tmp/honest.db" >"$tmp/keep"
	refused "a history that is cut off" "is damaged.*recover" "$report" --history-add "$one" "$tmp/keep"
	echo "this is text of some length, and no database at all" >"$tmp/keep"
	refused "a history that is none" "is damaged" "$report" --judge-regression "$tmp/keep"
	cp "$tmp/honest.db" "$tmp/ours.db"
	refused "a merge of it" "is damaged" "$report" --history-merge "$tmp/ours.db" "$tmp/keep"
	cmp -s "$tmp/ours.db" "$tmp/honest.db"
	tap $? "that leaves ours as it was"
	refused "no history" "there is no history" "$report" --judge-regression "$tmp/none.db"
	[ ! -e "$tmp/none.db" ]
	tap $? "and none is made by reading"
	refused "a run without a report" "cannot read .*results.json" "$report" --history-add "$tests" "$tmp/none.db"
	refused "a directory that is not there" "cannot" "$report" --history-add "$one" "$tmp/no/such/history.db"
	refused "too few arguments" "takes RUNDIR DB" "$report" --history-add "$one"
	refused "a page where none can be written" "cannot write" "$report" --nightly-html "$tmp/honest.db" "$tmp/no/page.html"
	for i in "$tmp"/honest/*; do
		"$report" --history-add "$i" "$tmp/crowd.db" >>"$tmp/crowd" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || bad=1
	done
	[ $bad -eq 0 ] || tap_show "$tmp/crowd"
	tap $bad "${#pids[@]} writers at once"
	tap_is "ok ${#pids[@]}" "$(sqlite3 "$tmp/crowd.db" 'PRAGMA integrity_check; SELECT count(*) FROM runs' | paste -sd ' ')" \
		"each of them has its row, and the history is whole"
	"$report" --history-add "$one" "$tmp/crowd.db" | grep -q 'has this run already'
	tap $? "a run is not added twice"
	rc=0
	for i in "UPDATE runs SET exit_code = 0" "DELETE FROM samples" "UPDATE outcomes SET outcome = 'pass'" \
		"DELETE FROM tests" "UPDATE metrics SET unit = ''"; do
		! sqlite3 "$tmp/crowd.db" "$i" 2>/dev/null || { echo "# $i"; rc=1; }
	done
	tap $rc "SQLite itself refuses to change old rows"
}

full_disk()
{
	local rc=0 what="a full disk: the history is as it was, and it says so"

	tap_may_mount "$what" || return
	mkdir "$tmp/disk"
	# shellcheck disable=SC2016 # expanded by the inner shell
	"${tap_mounting[@]}" sh -c '
		mount -t tmpfs -o size=400k vmig "$1" || exit
		"$3" --history-add "$2/000" "$1/history.db" || exit 1
		"$3" --history-add "$2/001" "$1/history.db" || exit 1
		cp "$1/history.db" "$4.before"
		cat /dev/zero >"$1/filler" 2>/dev/null
		"$3" --history-add "$2/002" "$1/history.db" 2>"$4"
		[ $? -eq 2 ] || exit 1
		grep -q "the disk is full" "$4" || exit 1
		cmp "$1/history.db" "$4.before" >&2 || exit 1
		rm -f "$1/filler" "$1/history.db-journal"
		"$3" --judge-regression "$1/history.db" >/dev/null || exit 1' \
		sh "$tmp/disk" "$tmp/honest" "$report" "$tmp/said" 2>"$tmp/err" || rc=$?
	[ $rc -eq 0 ] || tap_show <(cat "$tmp/said" "$tmp/err")
	tap $rc "$what"
}

fleet()
{
	cp -r "$tmp/slow" "$tmp/other"
	VMIG_HOST='lab2 <b>&' history_of other
	cp "$tmp/honest.db" "$tmp/fleet.db"
	tap_is "9 runs added to $tmp/fleet.db" "$("$report" --history-merge "$tmp/fleet.db" "$tmp/other.db")" "a merge"
	tap_is "0 runs added to $tmp/fleet.db" "$("$report" --history-merge "$tmp/fleet.db" "$tmp/other.db")" \
		"the same again adds nothing"
	tap_is "ok" "$(sqlite3 "$tmp/fleet.db" 'PRAGMA integrity_check; PRAGMA foreign_key_check')" "it is whole"
	judged fleet 4 "arc.STOP" "the same judgement as on the machine itself"
	"$report" --nightly-html "$tmp/fleet.db" "$tmp/fleet.html"
	"$tests/check_nightly.py" "$tmp/fleet.html" lab1 'lab2 <b>&' Regressions 'new failure' \
		arc.STOP.STOP_COPY.us 'since 2026-11-08 02:00' >"$tmp/wrong" 2>&1
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/wrong"
	tap $rc "the page of two hosts is whole and tells what it must"
	grep -q '<figure>' "$tmp/fleet.html"
	tap $? "it has plots, which gnuplot makes"
	PATH=/nowhere "$report" --nightly-html "$tmp/fleet.db" "$tmp/bare.html" &&
		"$tests/check_nightly.py" "$tmp/bare.html" 'The plots are left out'
	tap $? "without gnuplot a sentence stands for the plots"
	mkdir "$tmp/slow-bin"
	printf '#!/bin/sh\nexec sleep 600\n' >"$tmp/slow-bin/gnuplot"
	chmod +x "$tmp/slow-bin/gnuplot"
	PATH=$tmp/slow-bin:$PATH timeout 100 "$report" --nightly-html "$tmp/honest.db" "$tmp/bare.html" &&
		"$tests/check_nightly.py" "$tmp/bare.html" 'The plots are left out'
	tap $? "the same where gnuplot never answers"
}

# A history of vmig 0.1.0, and the runs that are in it.
old_ids()
{
	local dir rc=0 runs="SELECT count(*), max(length(uid)) FROM runs"

	sqlite3 "$tmp/ids.db" <history/0.1.0.sql
	for dir in history/2*; do
		"$report" --history-add "$dir" "$tmp/ids.db" | grep -q 'has this run already' || rc=1
		"$report" --history-add "$dir" "$tmp/ids-new.db" || rc=1
		"$report" --history-add "$dir" "$tmp/ids-new.db" | grep -q 'has this run already' || rc=1
	done
	tap $rc "a run that has an id of 64 bits is not added twice"
	tap_is "2|$((5 + 27 + 16))" "$(sqlite3 "$tmp/ids.db" "$runs")" "its history is as it was"
	tap_is "2|$((5 + 27 + 64))" "$(sqlite3 "$tmp/ids-new.db" "$runs")" "what is added now has its sha256"
	mkdir "$tmp/ids"
	cp -r history/20261102T020000Z-lab1-mtty "$tmp/ids/20261104T020000Z-lab1-mtty"
	"$report" --history-add "$tmp/ids/20261104T020000Z-lab1-mtty" "$tmp/ids.db"
	tap_is 3 "$(sqlite3 "$tmp/ids.db" "SELECT count(*) FROM runs")" "a new run is added to the old ones"
	tap_is "1 runs added to $tmp/ids-new.db
1 words on accepted changes added too" "$("$report" --history-merge "$tmp/ids-new.db" "$tmp/ids.db")" \
		"nor is it by a merge of the old history into a new one, which takes what was accepted"
	"$report" --history-add history/20261102T020000Z-lab1-mtty "$tmp/ids-one.db"
	tap_is "0 runs added to $tmp/ids.db" "$("$report" --history-merge "$tmp/ids.db" "$tmp/ids-one.db")" \
		"and the other way round"
	tap_is "ok" "$(sqlite3 "$tmp/ids-new.db" 'PRAGMA integrity_check; PRAGMA foreign_key_check')" "it is whole"
}

# history_of NAME: $tmp/NAME.db of the runs that are in $tmp/NAME.
history_of()
{
	local dir

	for dir in "$tmp/$1"/*; do
		"$report" --history-add "$dir" "$tmp/$1.db"
	done
}

kcidb()
{
	local dir name n=0 bad=0 schema=$results/schema/kcidb.json

	for dir in "$tests"/golden/[0-9]*-*/run; do
		name=$(basename "$(dirname "$dir")")
		cp -r "$dir" "$tmp/kcidb-$name"
		"$report" "$tmp/kcidb-$name" >/dev/null 2>&1
		[ -e "$tmp/kcidb-$name/results.json" ] || continue
		n=$((n + 1))
		"$python3" "$tests/normalise.py" "$tmp/kcidb-$name/kcidb.json" "$schema" 2>"$tmp/err" || {
			echo "# $name"
			tap_show "$tmp/err"
			bad=1
		}
	done
	[ $n -gt 0 ] || bad=1
	tap $bad "kcidb.json of each golden run is as KCIDB wants it"
	dir=$tmp/kcidb-05-known-deviation
	python3 - "$dir/kcidb.json" >"$tmp/said" <<-'EOF'
	import json, sys
	tests = {t["path"]: t for t in json.load(open(sys.argv[1]))["tests"]}
	assert tests["vmig"]["status"] == "PASS"
	known = [t for t in tests.values() if t.get("misc", {}).get("known_deviation")]
	assert known and all(t["status"] == "FAIL" for t in known)
	size = tests["vmig.fd.fd.cdev.size.stop_copy_bytes"]
	assert size["status"] == "DONE" and size["number"] == {"value": 96.0, "unit": "bytes", "prefix": "metric"}
	EOF
	tap $? "verdict, known deviation and measurement have the status that they should"
	for name in 's/"PASS"/"OK"/' 's/"valid": true/"valid": null/' 's/"origin": "vmig"/"origin": "V:"/' \
		's/"path": "vmig"/"path": "vmig:1"/' 's/"value": 96.0/"value": "96"/'; do
		sed "$name" "$dir/kcidb.json" >"$tmp/bad.json" &&
			! cmp -s "$tmp/bad.json" "$dir/kcidb.json" &&
			! "$python3" "$tests/normalise.py" "$tmp/bad.json" "$schema" 2>/dev/null
		tap $? "the schema refuses $name"
	done
	VMIG_KCIDB_ORIGIN=my_lab VMIG_KCIDB_BUILD_ID=maestro:123 "$report" "$dir" >/dev/null
	"$python3" "$tests/normalise.py" "$dir/kcidb.json" "$schema" && grep -q '"build_id": "maestro:123"' "$dir/kcidb.json" &&
		! grep -q checkouts "$dir/kcidb.json"
	tap $? "a build that KCIDB knows is not told of again"
	VMIG_KCIDB_COMMIT=v6.12 "$report" "$dir" 2>&1 >/dev/null | grep -q 'without VMIG_KCIDB_COMMIT' &&
		"$python3" "$tests/normalise.py" "$dir/kcidb.json" "$schema"
	tap $? "a commit that is none is left out with a sentence"
}

lava()
{
	local dir=$tmp/kcidb-05-known-deviation

	"$report" --lava "$dir" >"$tmp/out"
	grep -qx '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=fd.fd.cdev.cloexec RESULT=pass>' "$tmp/out" &&
		grep -qx '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=fd.fd.cdev.size.stop_copy_bytes RESULT=pass MEASUREMENT=96 UNITS=bytes>' "$tmp/out"
	tap $? "signals for LAVA"
	"$report" --lava-result "$dir" >"$tmp/out"
	grep -qx 'fd.fd.cdev.size.stop_copy_bytes pass 96 bytes' "$tmp/out" &&
		grep -qx 'resume.resume.cdev.corrupt_magic skip' "$tmp/out" &&
		! awk 'NF != 2 && NF != 4' "$tmp/out" | grep -q .
	tap $? "lines of a result.txt"
}

configs()
{
	local f

	for f in "$top"/configs/nightly/*.yaml; do
		"$python3" -c 'import sys, yaml; sys.exit(not isinstance(yaml.safe_load(open(sys.argv[1])), dict))' "$f"
		tap $? "${f##*/} is YAML"
	done
	if command -v systemd-analyze >/dev/null; then
		mkdir "$tmp/units"
		for f in "$top"/configs/nightly/vmig-nightly.*; do
			sed "s|/opt/vmig|$top|g" "$f" >"$tmp/units/${f##*/}"
		done
		systemd-analyze verify "$tmp/units/"* >"$tmp/out" 2>&1 && [ ! -s "$tmp/out" ]
		rc=$?
		[ $rc -eq 0 ] || tap_show "$tmp/out"
		tap $rc "systemd takes service and timer"
	else
		tap_skip "no systemd-analyze" "systemd takes service and timer"
	fi
}

echo "TAP version 13"
if ! nice "${MAKE:-make}" -s -C "$results" BUILD="$build" PROGRAM="$report" \
	CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all" "$report" >"$tmp/build" 2>&1; then
	tap_show "$tmp/build"
	tap 1 "the report tool is built"
	tap_end
fi
judgement
bad_input
full_disk
acceptance
no_acceptance
old_schema
old_ids
told
series
fleet
kcidb
lava
configs
tap_end
