#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What vmig_ktap tells the scripts that run the chapters, and the lines that run_chapters.sh
# shows. What it takes a file for is tested by results/tests/scan.c.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
ktap=$PWD/selftests/vmig_ktap
unset VMIG_FRESH

# some LINE...: what a chapter of four tests has printed
some()
{
	printf '%s\n' '# vmig: chapter fd' 'TAP version 13' '1..4' '#  RUN           fd.cdev.a ...' \
		'ok 1 fd.cdev.a' "$@" >"$tmp/fd.ktap"
}

# shows RC LINE WHAT: progress says so; the seconds are zero, or nearly
shows()
{
	local rc=0

	"$ktap" progress fd "$tmp/fd.ktap" "$(cut -d ' ' -f 1 /proc/uptime)" "${remark-}" >"$tmp/out" || rc=$?
	tap_is "$1 $2" "$rc $(sed 's/  [0-9].[0-9]* s/  0.00 s/' "$tmp/out")" "$3"
}

some 'ok 2 b # SKIP no' 'not ok 3 c' 'ok 4 d # XFAIL known'
shows 0 'fd              1 pass    1 fail    1 xfail    1 skip    0.00 s' "a chapter that is through"
some 'ok 2 b # XPASS odd' '#  RUN           fd.cdev.c ...'
remark=', died of SIGKILL' shows 0 \
	'fd              1 pass    0 fail    0 xfail    0 skip    0.00 s, 1 xpass, 2 not run, died of SIGKILL' \
	"a chapter that died"
some '#  RUN           fd.cdev.b ...' 'Bail out! x cannot be brought to RUNNING: EIO' 'not ok 2 fd.cdev.b'
shows 1 'fd              1 pass    1 fail    0 xfail    0 skip    0.00 s, 2 not run, gave up: x cannot be brought to RUNNING: EIO' \
	"a chapter that gave up"
some '#  RUN           fd.cdev.b ...' '# vmig: lost x: remove it' 'ok 2 fd.cdev.b' 'ok 3 c' 'ok 4 d'
shows 0 'fd              4 pass    0 fail    0 xfail    0 skip    0.00 s' "a hazard may lose the device"
VMIG_FRESH=1 shows 1 'fd              4 pass    0 fail    0 xfail    0 skip    0.00 s' \
	"and ends the chapter where another guest can be had"
some 'Bail out! x' '# vmig: chapter fd' '# vmig: resumed after fd.cdev.a' 'TAP version 13' '1..3' 'ok 1 b'
shows 0 'fd              1 pass    0 fail    0 xfail    0 skip    0.00 s, 2 not run' \
	"what another guest said before is not told again"

# stuck WHAT EXPECTED WORDS: what the calls that did not come back are, in two chapters
stuck()
{
	tap_is "$2" "$(VMIG_STUCK=${before-} "$ktap" "$1" "$tmp" fsm fd none | sed 's/ *$//')" "$3"
}

some 'ok 2 b'
cp "$tmp/fd.ktap" "$tmp/fsm.ktap"
stuck stuck '' "all calls came back"
some '# vmig: stuck read 1' 'not ok 2 b' '# vmig: stuck reset 2'
cp "$tmp/fd.ktap" "$tmp/fsm.ktap"
stuck stuck 'read=2/2 reset=4/2' "calls that did not, of all chapters"
stuck given-up 'reset=4/2' "which of them is not made any more"
before='read=1/5 set=3/3' stuck stuck 'read=3/7 set=3/3 reset=4/2' "added to those that are known"
some '# vmig: returned read' 'ok 2 b' '# vmig: returned write' '# vmig: stuck' '# vmig: stuck x'
stuck stuck 'read=0/1 reset=2/1' "one that came back, and damaged lines"
rm "$tmp/fsm.ktap"

# An entry of run.sh --mutants.
some 'not ok 2 b' 'ok 3 c # SKIP x'
cp "$tmp/fd.ktap" "$tmp/fsm.ktap"
tap_is 'defects/x/mock-all                                  6 tests    2 fail    0.0 s' \
	"$("$ktap" total defects/x/mock-all "$(cut -d ' ' -f 1 /proc/uptime)" "$tmp"/f{d,sm,none}.ktap |
		sed 's/0\.[0-9] s/0.0 s/')" "the sum of several chapters, and of none"

# resumes RC ANSWER WHAT CHAPTER...
resumes()
{
	local answer rc=0

	answer=$("$ktap" resume "$tmp" "${@:4}") || rc=$?
	tap_is "$1 $2" "$rc $answer" "$3"
}

rm "$tmp/fsm.ktap"
some '#  RUN           fd.cdev.b ...'
resumes 0 $'fd/fd.cdev.b\nfd fd.cdev.b' "a guest that died in a test: behind it, and it is to blame" state fd fsm
some '#  RUN           fd.cdev.b ...' '# vmig: lost before this test: x' 'ok 2 fd.cdev.b'
resumes 0 fd/fd.cdev.a "a kernel that was lost: behind the test that did it" state fd fsm
some 'ok 2 b' 'ok 3 c' 'ok 4 d'
resumes 0 fsm "a chapter that is through: the next one" state fd fsm log
resumes 0 '' "the last one: nothing" state fd
resumes 1 '' "no chapter has begun" state fsm
printf '%s\n' 'TAP version 13' '1..4' >"$tmp/fsm.ktap"
resumes 0 fsm/ "none of the chapter's tests has begun: all of it" fd fsm

printf '#  RUN           fd.cdev.x ...\n# vmi' >"$tmp/x.ktap"
"$ktap" blame "$tmp/x.ktap" "Kernel panic - not syncing: x"
tap_is '#  RUN           fd.cdev.x ...
# vmi
# vmig: breach ROB-01
# vmig:   did: what the test does
# vmig:   expected: a kernel that goes on
# vmig:   got: Kernel panic - not syncing: x' "$(cat "$tmp/x.ktap")" "the lines of a breach, behind a line that was cut"

# is RC WHAT: whether compat's streams may be kept
is()
{
	local rc=0

	"$ktap" ok "$tmp/fd.ktap" kept_streams || rc=$?
	tap_is "$1" $rc "$2"
}

some 'ok 2 compat.cdev.kept_streams'
is 0 "a test that is ok"
some 'ok 2 compat.cdev.kept_streams' 'not ok 3 c'
is 1 "not beside one that is not"
some 'ok 2 b'
is 1 "a test that did not run"
rm "$tmp/fd.ktap"
is 1 "a chapter that did not run"

tap_refused 10 "a file that is not there" "x/none.ktap cannot be read: No such file" \
	"$ktap" progress none "$tmp/x/none.ktap" 0
tap_refused 10 "a file that cannot be written" "x/none.ktap cannot be written: No such file" \
	"$ktap" blame "$tmp/x/none.ktap" x
"$ktap" resume >"$tmp/out" 2>"$tmp/err"
tap_is "2 usage:" "$? $(head -c 6 "$tmp/err")" "no arguments"

# The script that starts the chapters, with one that needs no device.
mkdir "$tmp/bin"
echo protocol/fd >"$tmp/bin/chapters"
cat >"$tmp/bin/vmig_fd" <<-'EOF2'
	#!/bin/sh
	printf '%s\n' 'TAP version 13' 1..2 'ok 1 fd.cdev.a' 'not ok 2 fd.cdev.b'
EOF2
chmod +x "$tmp/bin/vmig_fd"
tap_refused 10 "run_chapters.sh says that vmig_ktap is missing" "vmig_ktap is missing: build it with make" \
	env VMIG_DEVICE=x selftests/run_chapters.sh -b "$tmp/bin" -o "$tmp/run"
ln -s "$ktap" "$tmp/bin/"
VMIG_DEVICE=x timeout 60 selftests/run_chapters.sh -b "$tmp/bin" -o "$tmp/run" >"$tmp/out" 2>&1
tap_is '0 fd              1 pass    1 fail    0 xfail    0 skip' "$? $(sed 's/ *[0-9.]* s$//' "$tmp/out")" \
	"run_chapters.sh shows how far it is"
tap_end
