# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Changes that were accepted, histories of the former schema, and what tells series of nights
# apart. Sourced by nightly.sh, which has the helpers.
# shellcheck disable=SC2154

# accept NAME ARG...: into $tmp/NAME.db, and what it says to $tmp/said
accept()
{
	local name=$1

	shift
	"$report" --history-accept "$tmp/$name.db" "$@" >"$tmp/said" 2>&1
}

# From night 8 on everything is slower; from night 17 on, one metric is once more.
stepped()
{
	history stepped --repeat 2 --nights 9 --scale '8:arc.STOP*:10' --scale '8:arc.RESUMING*:10' \
		--scale '17:arc.STOP.STOP_COPY*:10'
	# As the lab has it before the second step.
	rm -rf "$tmp/until"
	mkdir "$tmp/until"
	cp -r "$tmp"/stepped/00[0-9] "$tmp"/stepped/01[0-6] "$tmp/until/"
	history_of until
}

acceptance()
{
	local why='each block has a <checksum> & more'

	stepped
	cp "$tmp/until.db" "$tmp/kept.db"
	judged until 4 '5 regressions' "without a word, a change is told every night"
	grep -q -- '--nightly-accept METRIC --reason TEXT' "$tmp/out"
	tap $? "and how to accept it"
	accept until 'arc.STOP*' "$why" mock
	tap $? "a change is accepted"
	tap_is 4 "$(grep -c 'accepted from 2026-11-09 02:00' "$tmp/said")" "each metric is told, with its night"
	judged until 4 '^Nightly: 1 regression in 26 metrics; 4 since a change' "what was accepted is not told again, and the rest is"
	grep -q 'arc.RESUMING.STOP.us' "$tmp/out" && ! grep -q 'arc.STOP' "$tmp/out"
	tap $? "by name"
	"$report" --nightly-html "$tmp/until.db" "$tmp/page.html"
	"$tests/check_nightly.py" "$tmp/page.html" "$why" "($(id -un)@$(uname -n)" '1 regression' \
		'4 compared only since a change that was accepted' 'Accepted changes' \
		'from 2026-11-09 02:00 on' 'compared since 2026-11-09 02:00' >"$tmp/wrong" 2>&1
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/wrong"
	tap $rc "the page says who, when and why, and counts it in its head"
	accept until 'arc.RESUMING.STOP.us (cdev)' "$why"
	judged until 0 '^Nightly: 0 regressions' "with all of it accepted, the night is a good one"
	"$report" --history-add "$tmp/stepped/017" "$tmp/until.db"
	judged until 4 '^Nightly: 1 regression in' "a regression behind the accepted one is found"
	grep -q 'arc.STOP.STOP_COPY.us' "$tmp/out" && grep -q 'since 2026-11-18 02:00' "$tmp/out" &&
		grep -q 'of 9 nights before' "$tmp/out"
	tap $? "by the nights since the accepted one"
	cp "$tmp/kept.db" "$tmp/early.db"
	accept early '*' "$why" mock '2026-11-17 02:00'
	judged early 0 'no judgement yet on 24 \(0 of 5 nights before\)' "--since: the nights before that one do not count"
	withdrawn
	merged_words
	word_by_run_sh
}

withdrawn()
{
	cp "$tmp/kept.db" "$tmp/withdrawn.db"
	accept withdrawn 'arc.*' 'a mistake'
	judged withdrawn 0 '^Nightly: 0 regressions' "what is going to be withdrawn is accepted first"
	"$report" --history-withdraw "$tmp/withdrawn.db" 'arc.STOP.*' 'it was none of ours' >"$tmp/said"
	judged withdrawn 4 '3 regressions' "what was withdrawn is told again"
	accept withdrawn 'arc.STOP.*' 'it was ours after all' >/dev/null
	judged withdrawn 0 '^Nightly: 0 regressions' "and may be accepted again: the last word counts"
	tap_is 11 "$(sqlite3 "$tmp/withdrawn.db" 'SELECT count(*) FROM acceptances')" "each word is a row"
	! sqlite3 "$tmp/withdrawn.db" 'DELETE FROM acceptances' 2>/dev/null &&
		! sqlite3 "$tmp/withdrawn.db" "UPDATE acceptances SET who = ''" 2>/dev/null
	tap $? "SQLite itself refuses to change them"
}

# The words of one host, in a history that has its runs already.
merged_words()
{
	cp "$tmp/kept.db" "$tmp/both.db"
	"$report" --history-merge "$tmp/both.db" "$tmp/withdrawn.db" >"$tmp/said"
	grep -q '^0 runs added' "$tmp/said" && grep -q '^11 words on accepted changes' "$tmp/said"
	tap $? "a merge brings words on runs that are there already"
	judged both 0 '^Nightly: 0 regressions' "and they count there"
	"$report" --history-merge "$tmp/both.db" "$tmp/withdrawn.db" | grep -q words
	tap_is 1 $? "once"
}

word_by_run_sh()
{
	cp "$tmp/kept.db" "$tmp/front.db"
	VMIG_HISTORY=$tmp/front.db "$top/run.sh" -q -o "$tmp/front" -d mock --nightly-accept 'arc.*' \
		--reason 'by the front door' >"$tmp/said" 2>&1
	tap_is "0 5" "$? $(grep -c 'accepted from 2026-11-09' "$tmp/said")" "run.sh --nightly-accept"
	grep -q 'by the front door' "$tmp/front/nightly.html"
	tap $? "writes the page anew"
	judged front 0 '^Nightly: 0 regressions' "and the history"
	VMIG_HISTORY=$tmp/front.db "$top/run.sh" -q -o "$tmp/front" --nightly-withdraw 'arc.*' --reason 'no' >/dev/null 2>&1
	judged front 4 '5 regressions' "run.sh --nightly-withdraw"
}

# What cannot be accepted, and the history as it was.
no_acceptance()
{
	cp "$tmp/kept.db" "$tmp/keep"
	refused "no such metric" "no metric matches 'nosuch\*'.*arc\." "$report" --history-accept "$tmp/keep" 'nosuch*' why
	refused "a metric that is not worse" "of the 3 metrics that match 'save\*' none is worse now" \
		"$report" --history-accept "$tmp/keep" 'save*' why
	refused "a measure of the machine" "no metric matches" "$report" --history-accept "$tmp/keep" 'ceiling*' why
	refused "no reason" "for a reason" "$report" --history-accept "$tmp/keep" 'arc.*' ' '
	refused "no such device" "no device mtty; it has: mock" "$report" --history-accept "$tmp/keep" 'arc.*' why mtty
	refused "no such night" "no night 2027 " "$report" --history-accept "$tmp/keep" 'arc.*' why '' 2027
	refused "nothing that could be withdrawn" "no change of what matches" "$report" --history-withdraw "$tmp/keep" 'arc.*' why
	refused "no history" "there is no history" "$report" --history-accept "$tmp/none.db" 'arc.*' why
	[ ! -e "$tmp/none.db" ]
	tap $? "and none is made"
	accept front 'arc.*' why
	cp "$tmp/front.db" "$tmp/keep"
	refused "the same once more" "accepted already" "$report" --history-accept "$tmp/keep" 'arc.STOP.RESUMING*' why mock 2026-11-09
	: >"$tmp/keep"
	refused "an empty file" "is empty" "$report" --history-accept "$tmp/keep" 'arc.*' why
	refused "run.sh without a reason" "needs a --reason" "$top/run.sh" --nightly-accept 'arc.*'
	refused "run.sh with a reason for nothing" "need --nightly-accept" "$top/run.sh" --reason why
	refused "run.sh with tests to run" "runs nothing" "$top/run.sh" --nightly-accept 'arc.*' --reason why -t 'fsm*'
	refused "run.sh and no history" "there is no history" env VMIG_HISTORY="$tmp/none.db" "$top/run.sh" -q \
		-o "$tmp/front" --nightly-accept 'arc.*' --reason why
}

# version_1 NAME: as a vmig wrote it that knew of no acceptances
version_1()
{
	cp "$tmp/kept.db" "$tmp/$1.db"
	sqlite3 "$tmp/$1.db" 'DROP TABLE acceptances; PRAGMA user_version = 1'
}

old_schema()
{
	local sum rows="SELECT * FROM runs; SELECT * FROM samples; SELECT * FROM outcomes"

	version_1 old
	sum=$(cksum "$tmp/old.db")
	judged old 4 '5 regressions' "a history of version 1 is read"
	"$report" --nightly-html "$tmp/old.db" "$tmp/page.html" && "$tests/check_nightly.py" "$tmp/page.html" '5 regressions'
	tap $? "its page is written"
	tap_is "$sum" "$(cksum "$tmp/old.db")" "and it is as it was"
	cp "$tmp/honest.db" "$tmp/new.db"
	"$report" --history-merge "$tmp/new.db" "$tmp/old.db" >/dev/null
	tap $? "it is merged into one of version 2"
	tap_is "$sum" "$(cksum "$tmp/old.db")" "and is as it was"
	sqlite3 "$tmp/old.db" "$rows" >"$tmp/rows"
	accept old 'arc.*' 'why'
	tap $? "something is accepted in it"
	tap_is 2 "$(sqlite3 "$tmp/old.db" 'PRAGMA user_version')" "then it has version 2"
	sqlite3 "$tmp/old.db" "$rows" | cmp -s - "$tmp/rows"
	tap $? "and the rows that it had"
	judged old 0 '^Nightly: 0 regressions' "what was accepted in it counts"
}

# told_from NAME: of the metric that told() looks at: how much it has changed, and from which change
# on it would be told, on the page of a history.
told_from()
{
	"$report" --nightly-html "$tmp/$1.db" "$tmp/page.html" && python3 - "$tmp/page.html" <<-'EOF'
	import re, sys
	rows = [r for r in open(sys.argv[1]).read().split("<tr>") if "arc.STOP.STOP_COPY.us" in r]
	change, limit = re.findall(r">([+-][0-9.]+) %<", rows[0])
	print(change, limit)
	EOF
}

# The page says how slow it would have to be: a tenth less is not told, a tenth more is.
told()
{
	local change limit factor near
	local metric=arc.STOP.STOP_COPY.us

	history sense --nights 9
	read -r change limit < <(told_from sense)
	[ -n "$limit" ]
	tap $? "the page says from which change on a metric is told"
	for near in 0.9 1.1; do
		factor=$(awk -v c="$change" -v l="$limit" -v n=$near 'BEGIN { print n * (100 + l) / (100 + c) }')
		history "sense-$near" --nights 9 --scale "8:$metric:$factor"
	done
	judged sense-0.9 0 '^Nightly: 0 regressions' "a tenth below what the page says ($limit %): not told"
	judged sense-1.1 4 "$metric" "a tenth above it: told"
}

# Nights on another machine, or with other programs, are another series: ten times slower, and no
# regression.
series()
{
	local what place

	while IFS=$'\t' read -r what place; do
		history "series-$what" --nights 9 --scale '8:arc.STOP*:10' --set "8:$place"
		judged "series-$what" 0 'no judgement yet on 26 \(0 of 5' "another series: $what"
		tap_is 2 "$("$report" --nightly-html "$tmp/series-$what.db" "$tmp/page.html" &&
			grep -c '<tr><td>lab1</td>' "$tmp/page.html")" "the page has a line for each"
	done <<-'EOF'
	arch	environment.kernel.machine=aarch64
	32-bit	run.options.programs=32-bit
	stock	run.options.stock_kernel=6.12
	kvm	run.accel=kvm
	host	run.where=host
	parameters	run.options.parameters=vfio_mig_mock.state_mb=1
	driver	environment.driver.name=other
	device	run.options.profile=edu
	EOF
	VMIG_ANY_KERNEL=1 judged series-arch 0 'no judgement yet on 26' "VMIG_ANY_KERNEL does not mix them"
	"$tests/check_nightly.py" "$tmp/page.html" lab1
	tap $? "a page of two series is whole"
	history same --nights 9 --scale '8:arc.STOP*:10' --set 8:run.options.seed=5
	judged same 4 'arc.STOP' "what does not matter makes no other series"
}
