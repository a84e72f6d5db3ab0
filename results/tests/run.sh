#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tests of the report tool, as KTAP: unit tests, golden run directories, bad input.
#
#   run.sh            build with the sanitizers and test
#   run.sh --update   write what comes into expected/ instead; then read the diff
#
# Each golden/NN-name/run is a run directory as run.sh of the suite leaves it; expected beside
# it has the exit code, what is printed and what is written.

set -u
tests=$(cd "$(dirname "$0")" && pwd)
results=$(dirname "$tests")
update=
case $#:${1-} in
0:) ;;
1:--update) update=1 ;;
*) echo "run.sh: the only option is --update" >&2; exit 2 ;;
esac

temp=$(mktemp -d) || exit 2
trap 'rm -rf "$temp"' EXIT
trap 'exit 130' INT TERM

build=$results/build/check
report=$build/vmig-report
if ! ${MAKE:-make} -s -C "$results" BUILD="$build" PROGRAM="$report" \
	CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all" \
	"$report" "$build/unit" "$build/scan" "$build/tamper" >"$temp/build" 2>&1; then
	cat "$temp/build" >&2
	echo "run.sh: the report tool does not build" >&2
	exit 2
fi

number=0
failed=0
python3=$("$results/../selftests/meta/python3.sh") || exit
result() { # ok|not ok, name
	number=$((number + 1))
	[ "$1" = ok ] || failed=$((failed + 1))
	echo "$1 $number $2"
}

# What a file says, line by line, as diagnostics.
tell() {
	sed 's/^/# /' "$1"
}

same() { # expected, actual: same contents, an absent file is an empty one
	if [ -n "$update" ]; then
		if [ -s "$2" ]; then cp "$2" "$1"; else rm -f "$1"; fi
		return 0
	fi
	[ -e "$1" ] || [ -s "$2" ] || return 0
	diff -u "$1" "$2" >"$temp/diff" 2>&1 && return 0
	tell "$temp/diff"
	return 1
}

golden() { # directory of the case
	good=ok
	work=$temp/${1##*/}
	mkdir -p "$work/run" "$1/expected"
	[ ! -d "$1/run" ] || cp -R "$1/run/." "$work/run"
	(cd "$work" && "$report" run >stdout 2>stderr)
	echo $? >"$work/exit_code"
	for file in exit_code stdout stderr; do
		same "$1/expected/$file" "$work/$file" || good="not ok"
	done
	if [ -e "$work/run/results.json" ]; then
		"$tests/normalise.py" "$work/run/results.json" >"$work/results.json" || good="not ok"
		same "$1/expected/results.json" "$work/results.json" || good="not ok"
		same "$1/expected/junit.xml" "$work/run/junit.xml" || good="not ok"
		"$tests/check_html.py" "$work/run" 2>"$temp/wrong" || {
			tell "$temp/wrong"
			good="not ok"
		}
		"$python3" "$tests/normalise.py" "$work/run/results.json" \
			"$results/schema/results.schema.json" 2>"$temp/wrong" || {
			tell "$temp/wrong"
			good="not ok"
		}
	elif [ -e "$1/expected/results.json" ]; then
		echo "# no results.json was written"
		good="not ok"
	fi
	if find "$work/run" -name '.*.part' | grep -q .; then
		echo "# a temporary file was left behind"
		good="not ok"
	fi
	# A summary is read on a terminal; only the totals and names may be longer.
	if awk 'length($0) > 100 && !/^Total for / && NF > 2' "$work/stdout" | grep -q .; then
		echo "# a line is longer than 100 columns"
		good="not ok"
	fi
	result "$good" "${1##*/}"
}

# The same for what run.sh --mutants leaves.
golden_mutants() { # directory of the case
	good=ok
	work=$temp/mutants-${1##*/}
	mkdir -p "$work" "$1/expected"
	cp -R "$1/run" "$work/run"
	(cd "$work" && "$report" --mutants run >stdout 2>stderr)
	echo $? >"$work/exit_code"
	(cd "$work" && "$report" --survivors run >survivors 2>/dev/null)
	# As one of run.sh --conforming, which has no defects.
	(cd "$work" && "$report" --conforming run >conforming 2>/dev/null)
	[ ! -e "$work/run/mutants.json" ] || cp "$work/run/mutants.json" "$work/mutants.json"
	for file in exit_code stdout stderr survivors conforming mutants.json; do
		[ -e "$work/$file" ] || : >"$work/$file"
		same "$1/expected/$file" "$work/$file" || good="not ok"
	done
	if [ -e "$work/run/mutants.txt" ]; then
		cmp -s "$work/run/mutants.txt" "$work/stdout" || good="not ok"
	fi
	result "$good" "mutants ${1##*/}"
}

# Bad input: one sentence on stderr that has the word, and exit code 2.
refused() { # name, word, command...
	name=$1 word=$2
	shift 2
	"$@" >"$temp/out" 2>"$temp/err"
	code=$?
	good=ok
	[ "$code" -eq 2 ] || { echo "# exit code $code"; good="not ok"; }
	[ "$(wc -l <"$temp/err")" -eq 1 ] || good="not ok"
	grep -q -e "$word" "$temp/err" || good="not ok"
	[ "$good" = ok ] || tell "$temp/err"
	result "$good" "$name"
}

echo "TAP version 13"

"$build/unit" "$tests/golden" >"$temp/unit" 2>&1 && good=ok || good="not ok"
[ "$good" = ok ] || tell "$temp/unit"
result "$good" "unit tests"

# Each result of another program is one here.
forward() { # name, command...
	name=$1
	shift
	"$@" >"$temp/$name" 2>&1 || tell "$temp/$name"
	while IFS= read -r line; do
		case $line in
		"ok "*) result ok "${line#ok * }" ;;
		"not ok "*) result "not ok" "${line#not ok * }" ;;
		esac
	done <"$temp/$name"
	grep -q '^1\.\.' "$temp/$name" && good=ok || good="not ok"
	result "$good" "$name came to its end"
}
forward scan "$build/scan" "$tests"/golden/*/run/ktap/*.ktap
forward tamper "$build/tamper" "$tests/golden/33-planned/run"
forward bundle "$tests/bundle.sh" "$report"

for dir in "$tests"/golden/[0-9]*-*; do
	golden "$dir"
done
for dir in "$tests"/mutants/[0-9]*-*; do
	golden_mutants "$dir"
done

# A disk that fills up: the old files stay, nothing half written is left.
full() {
	work=$temp/full
	cp -R "$tests/golden/23-fsm-groups/run" "$work"
	echo old >"$work/results.json"
	echo old >"$work/report.html"
	# shellcheck disable=SC2016 # for the inner shell
	refused "full disk" "cannot write .*: File too large" \
		sh -c 'ulimit -f 20; exec "$0" "$1" >/dev/null' "$report" "$work"
	good=ok
	[ "$(cat "$work/results.json" "$work/report.html")" = "old
old" ] || good="not ok"
	[ "$(find "$work" -name '.*.part' | wc -l)" -eq 0 ] || good="not ok"
	result "$good" "full disk leaves the old files"
}
full

cp -R "$tests/golden/01-all-pass/run" "$temp/again"
# shellcheck disable=SC2016 # for the inner shell
refused "full standard output" "cannot write to standard output" \
	sh -c '"$0" "$1" >/dev/full' "$report" "$temp/again"

# No Graphviz: the picture is left out with a sentence.
cp -R "$tests/golden/23-fsm-groups/run" "$temp/nodot"
good=ok
PATH=/nowhere "$report" "$temp/nodot" >/dev/null 2>&1
grep -q "The drawing is left out" "$temp/nodot/report.html" || good="not ok"
result "$good" "report without Graphviz"

# Graphviz that never answers is a hang, unless it is not waited for.
mkdir "$temp/slow"
printf '#!/bin/sh\nexec sleep 600\n' >"$temp/slow/dot"
chmod +x "$temp/slow/dot"
good=ok
PATH=$temp/slow:$PATH timeout 60 "$report" "$temp/nodot" >/dev/null 2>&1
[ $? -eq 1 ] || good="not ok"
grep -q "The drawing is left out" "$temp/nodot/report.html" || good="not ok"
result "$good" "report with a Graphviz that hangs"

# A file that no program of the suite prints is bounded in time and not taken for good.
mkdir -p "$temp/huge/ktap"
awk 'BEGIN { for (i = 0; i < 60000; i++) printf "#  RUN  fd.cdev.t%d ...\n# vmig: breach FD-02\n", i }' \
	>"$temp/huge/ktap/fd.ktap"
awk 'BEGIN { for (i = 0; i < 60000; i++) printf "4,%d,%d000000,-;WARNING: number %d\n", i, i, i }' \
	>"$temp/huge/dmesg.txt"
good=ok
timeout 120 "$report" "$temp/huge" >"$temp/out" 2>&1
[ $? -eq 1 ] || good="not ok"
grep -q "holds more tests than any chapter has" "$temp/out" || good="not ok"
# A failure behind the last one that is read is not lost.
mkdir -p "$temp/long/ktap"
awk 'BEGIN { for (i = 1; i <= 5000; i++) print "ok", i, "fd.cdev.t" i; print "not ok 5001 fd.cdev.last" }' \
	>"$temp/long/ktap/fd.ktap"
timeout 120 "$report" "$temp/long" >"$temp/out" 2>&1
[ $? -eq 1 ] || good="not ok"
result "$good" "files of absurd length"

refused "no argument" "directory of a run" "$report"
refused "no such directory" "cannot open the run directory" "$report" "$temp/none"
refused "a file for a directory" "cannot open the run directory" "$report" "$tests/run.sh"
refused "unknown option" "cannot make sense of \"--what\"" "$report" --what
refused "no directory of mutants" "cannot open" "$report" --mutants "$temp/none"
refused "a directory that is none of mutants" "defects.txt" "$report" --mutants "$tests"
refused "unknown option behind a known one" "cannot make sense of \"--what\"" "$report" --list a --what
refused "unknown option of letters" "cannot make sense of \"-xyz\"" "$report" -xyz a
refused "option with a value" "cannot make sense of \"--version=2\"" "$report" --version=2
refused "option that could be two" "cannot make sense of \"--history\"" "$report" --history a b
refused "two options" "^vmig-report: --clauses and --list cannot be asked for at once" "$report" --clauses a --list b
refused "an option and help" "^vmig-report: --list and --help cannot be asked for at once" "$report" --list --help
refused "option without its directory" "--survivors takes DIR" "$report" --survivors
refused "too many arguments" "--list takes LISTFILE" "$report" --list a b
refused "too few of several" "--history-accept takes DB METRIC REASON" "$report" --history-accept a b
refused "argument of an option that has none" "--defects takes no argument, and was given \"a\"" "$report" --defects a
refused "argument of help" "--help takes no argument" "$report" --help a
refused "a directory that looks like an option" "cannot open the run directory --list" "$report" -- --list
refused "nothing behind the dashes" "directory of a run" "$report" --
refused "two directories" "cannot make sense of \"b\"" "$report" a b
refused "option without its file" "--list takes LISTFILE" "$report" --list
refused "no such list" "cannot read the list" "$report" --list "$temp/none"
refused "an empty list" "no test in the list" "$report" --clauses /dev/null
printf 'fd\tfd.cloexec\t2\tFD-01\nnonsense\n' >"$temp/list"
refused "a list with a bad line" "line 2" "$report" --check-coverage "$temp/list"

# The catalogue next to a list: which gaps there are follows from the list alone.
printf 'fd\tfd.cloexec\t2\tFD-01\nfd\tfd.none\t1\t\nfd\tfd.odd\t1\tFD-02 NO-01\n' >"$temp/list"
good=ok
"$report" --check-coverage - <"$temp/list" >"$temp/out"
[ $? -eq 1 ] || good="not ok"
grep -q '^fd/fd.none: names no clause$' "$temp/out" || good="not ok"
grep -q '^fd/fd.odd: names NO-01, which is no clause$' "$temp/out" || good="not ok"
grep -q '^FD-03: no test names it' "$temp/out" || good="not ok"
grep -q '^FD-0[12]:' "$temp/out" && good="not ok"
"$report" --list "$temp/list" >"$temp/out" || good="not ok"
grep -q '^3 tests in 1 chapters, 4 with their variants$' "$temp/out" || good="not ok"
"$report" --clauses "$temp/list" >"$temp/out" || good="not ok"
tail -n 1 "$temp/out" | grep -q '^[0-9]* clauses: 2 with tests, ' || good="not ok"
awk 'length($0) > 100' "$temp/out" | grep -q . && good="not ok"
result "$good" "catalogue: list, clauses, coverage"

"$report" --defects >"$temp/out" && good=ok || good="not ok"
[ "$(awk -F '\t' 'NF == 6' "$temp/out" | wc -l)" = "$(wc -l <"$temp/out")" ] || good="not ok"
grep -q "^stale_after_stop	REF	FD-07	" "$temp/out" || good="not ok"
result "$good" "list of defects"

"$report" --freedoms >"$temp/out" && good=ok || good="not ok"
[ "$(awk -F '\t' 'NF == 5' "$temp/out" | wc -l)" = "$(wc -l <"$temp/out")" ] || good="not ok"
grep -q "^no_mmap	MOCK	" "$temp/out" || good="not ok"
result "$good" "list of freedoms"

"$report" --help >"$temp/out" && "$report" --version >"$temp/version" && good=ok || good="not ok"
# Each option that has been one, by whatever scripts.
for option in list clauses check-coverage map clause-sources defects profile-keys check-profile mutants survivors freedoms conforming \
	history-add history-merge history-accept history-withdraw judge-regression suspects \
	nightly-html lava lava-result verify bundle-file bundle-manifest bundle-write waivers \
	mustpass-tests mustpass-make help version; do
	grep -q -e "^  --$option\( \|\$\)" "$temp/out" || {
		echo "# --help has no --$option"
		good="not ok"
	}
done
head -n 1 "$temp/out" | grep -q '^Usage: vmig-report RUNDIR$' || good="not ok"
grep -q '^vmig-report [0-9.]*, commit .' "$temp/version" || good="not ok"
awk 'length($0) > 100' "$temp/out" | grep -q . && good="not ok"
"$report" "$temp/none" --help >"$temp/out" 2>&1 && good="not ok"
result "$good" "help and version"

printf 'fd\tfd.cloexec\t2\tFD-01\n' >"$temp/list"
"$report" --list "$temp/list" >"$temp/out" && "$report" "$temp/list" --list | cmp -s - "$temp/out" &&
	"$report" --list -- "$temp/list" | cmp -s - "$temp/out" && good=ok || good="not ok"
result "$good" "an option may stand behind its argument"
# shellcheck disable=SC2016 # for the inner shell
refused "full standard output of help" "cannot write to standard output" \
	sh -c '"$0" --help >/dev/full' "$report"

echo "1..$number"
echo "# $((number - failed)) of $number passed"
[ "$failed" -eq 0 ]
