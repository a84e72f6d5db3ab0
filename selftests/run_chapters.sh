#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the chapters one after the other on VMIG_DEVICE, in a guest or on a host with
# the hardware. Holds no verdict: it runs, bounds the time, and shows how far it is.

usage()
{
	cat <<EOF
Usage: run_chapters.sh [-b BINDIR] [-o RUNDIR]
       run_chapters.sh [-b BINDIR] --list | --names

Runs each test binary vmig_CHAPTER of BINDIR (default: where this script lies) in the
order of BINDIR/chapters, and writes what it prints to RUNDIR/ktap/CHAPTER.ktap
(default: the current directory). --list prints their tests and needs no device; --names
prints the chapter and the full name of each test that a run in this environment will have
a result for.

Environment: VMIG_DEVICE, and for the tests VMIG_DEVICE2, VMIG_P2P_TARGET, VMIG_DEVICES (all
that may be touched, with blanks between), VMIG_PROFILE, VMIG_STRICT, VMIG_NO_KNOWN, VMIG_TESTS;
VMIG_HAZARDS=1 runs the chapter \`hazard\` too;
VMIG_BENCH=N measures N times; VMIG_PROGRESS=3: what takes long says so on standard output;
VMIG_CHAPTERS names the chapters to run, with blanks between, default all;
VMIG_CHAPTER_SECONDS is the time that a chapter may take, default 600; VMIG_PORTS is a
directory of pipes, one named like each chapter, that lead to RUNDIR/ktap (in the guest);
VMIG_ABORT_ON=oops ends the run when the kernel has oopsed, VMIG_ABORT_ON=taint also when
it has warned;
VMIG_RESUME=CHAPTER[/TEST] goes on with that chapter, behind that test; CHAPTER/ says that another
guest had begun it; VMIG_FRESH=1: whoever started this can do so in a fresh kernel, so that nothing
more is done in one that is lost;
VMIG_STUCK names calls that did not come back, as \`vmig_ktap stuck\` prints them: those of the
chapters that are run are added.

Exit code: 0 all chapters were run, whatever came out; 2 nothing could be run; 3 ended
early because device or kernel cannot go on; 130 interrupted.
EOF
}

die()
{
	printf 'vmig: %s\n' "$*" >&2
	exit 2
}

bin=$(cd "$(dirname "$0")" && pwd -P)
out=.
list=
names=
limit=${VMIG_CHAPTER_SECONDS:-600}
# Set by signals: interrupted by the user, by the watchdog for a process that stays.
interrupted=
stuck=

# session_pids ID: the living processes of a session, however they were orphaned.
session_pids()
{
	pids=
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		# The kernel gives out numbers upwards and, once through, again from 300 on.
		[ "$pid" -ge "$1" ] || [ "$pid" -ge 300 ] || continue
		{ read -r line <"$dir/stat"; } 2>/dev/null || continue
		# The name in brackets may hold blanks and brackets itself.
		rest=${line##*) }
		# shellcheck disable=SC2086 # fields: state, parent, group, session
		set -- "$1" $rest
		[ "$5" = "$1" ] && [ "$2" != Z ] && pids="$pids $pid"
	done
	[ -n "$pids" ]
}

# end_session ID: ends all of it, with force after 2 s; false if something stays.
end_session()
{
	for signal in TERM KILL; do
		# shellcheck disable=SC2086 # a list of numbers
		session_pids "$1" && kill -s "$signal" $pids 2>/dev/null
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
			session_pids "$1" || return 0
			sleep 0.1
		done
	done
	return 1
}

# Runs aside, and ends a chapter that takes too long; then its exit code is 0.
watchdog()
{
	n=0
	# Short naps, as a nap outlives the watchdog.
	while [ "$n" -lt "$limit" ]; do
		sleep 1
		n=$((n + 1))
	done
	# From here on it is too late to be called off.
	trap '' ALRM
	end_session "$1" || kill -s USR1 $$
}

# oopsed: has this kernel oopsed or BUGged so far (taint flag D)?
oopsed()
{
	read -r taint </proc/sys/kernel/tainted && [ $((taint & 128)) -ne 0 ]
}

# wanted CHAPTER: is it a part of this run?
wanted()
{
	[ "$1" != hazard ] || [ -n "${VMIG_HAZARDS:-}" ] || return 1
	case " ${VMIG_CHAPTERS:-$1} " in
	*" $1 "*) return 0 ;;
	esac
	return 1
}

# run CHAPTER: false if no other can be run after it.
run()
{
	ktap=$out/ktap/$1.ktap
	sink=${VMIG_PORTS:+$VMIG_PORTS/$1}
	sink=${sink:-$ktap}
	remark=
	lost=
	read -r began _ </proc/uptime
	# A session of its own: the terminal's Ctrl-C comes to us alone, and whatever the
	# tests start can be found.
	[ -n "${VMIG_PORTS:-}" ] || : >"$ktap"
	export VMIG_STUCK="$stuck_calls"
	# In the order of the chapters, none of which comes twice.
	if [ "$1" = "${VMIG_RESUME%%/*}" ]; then
		case $VMIG_RESUME in
		*/*) export VMIG_AFTER="${VMIG_RESUME#*/}" ;;
		esac
		VMIG_STUCK=$("$bin/vmig_ktap" stuck "$out/ktap" "$1")
	fi
	setsid "$bin/vmig_$1" </dev/null 3>&1 >>"$sink" 2>&1 &
	unset VMIG_AFTER
	session=$!
	watchdog $session &
	dog=$!
	# The braces: some shells announce there that a signal ended a process.
	{
		wait $session
		died=$?
		# Not TERM: until the watchdog has dropped our traps it would do nothing there.
		kill -s ALRM $dog
		wait $dog
		ended=$?
	} 2>/dev/null
	if [ -n "$interrupted" ]; then
		remark=", interrupted"
		lost=1
	elif [ $ended -ne 0 ] && [ $died -gt 128 ]; then
		remark=", died of SIG$(kill -l $((died - 128)))"
	fi
	[ $ended -ne 0 ] || remark=", ended after its $limit s"
	if [ -n "$stuck" ] || ! end_session $session 2>/dev/null; then
		remark="$remark, cannot be killed: stuck in the kernel"
		lost=1
	fi
	[ -s "$ktap" ] || remark="$remark, printed nothing"
	# Whoever reads the file alone shall know as much. A port may refuse, or keep waiting.
	# shellcheck disable=SC2016 # expanded by the inner shell
	[ -z "$remark" ] || timeout 2 sh -c 'printf "# vmig: ended %s\n" "$1" >>"$2"' \
		sh "${remark#, }" "$sink" 2>/dev/null
	if [ -z "$tainted" ] && oopsed; then
		remark="$remark, the kernel oopsed"
		tainted=1
		[ "$1" = hazard ] && [ -z "${VMIG_FRESH:-}" ] || lost=1
	fi
	stuck_calls=$(VMIG_STUCK=$stuck_calls "$bin/vmig_ktap" stuck "$out/ktap" "$1")
	"$bin/vmig_ktap" progress "$1" "$ktap" "$began" "$remark" && [ -z "$lost" ]
}

while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	--list) list=1 ;;
	--names) names=1 ;;
	-b | -o)
		[ -n "${2:-}" ] || die "$1 needs a directory (see --help)"
		if [ "$1" = -b ]; then bin=$2; else out=$2; fi
		shift
		;;
	*) die "run_chapters.sh: unknown option '$1' (see --help)" ;;
	esac
	shift
done

[ -r "$bin/chapters" ] || die "$bin/chapters is missing: it lists the test binaries"
# Behind the slash: before it stands the folder of the source.
chapters=$(sed 's/#.*//; s,.*/,,' "$bin/chapters")
for c in $chapters; do
	[ -x "$bin/vmig_$c" ] || die "$bin/vmig_$c is missing: build it with make"
done

if [ -n "$list" ]; then
	for c in $chapters; do
		"$bin/vmig_$c" --list || exit 2
	done
	exit 0
fi
if [ -n "$names" ]; then
	for c in $chapters; do
		wanted "$c" || continue
		"$bin/vmig_$c" --names || exit 2
	done
	exit 0
fi

[ -n "${VMIG_DEVICE:-}" ] || die "no device: set VMIG_DEVICE, or use run.sh -d DEVICE"
[ -x "$bin/vmig_ktap" ] || die "$bin/vmig_ktap is missing: build it with make"
mkdir -p "$out/ktap" || die "cannot write to $out: choose another directory with -o"
tainted=
if oopsed; then
	tainted=1
fi
VMIG_RESUME=${VMIG_RESUME:-}
resume=${VMIG_RESUME%%/*}
# Of the chapters before this one, in whatever guest they were run.
stuck_calls=${VMIG_STUCK:-}
trap 'interrupted=130' INT TERM HUP
trap 'stuck=1' USR1
for c in $chapters; do
	wanted "$c" || continue
	if [ -n "$resume" ] && [ "$c" != "$resume" ]; then
		stuck_calls=$(VMIG_STUCK=$stuck_calls "$bin/vmig_ktap" stuck "$out/ktap" "$c")
		continue
	fi
	resume=
	run "$c" && continue
	[ -z "$interrupted" ] || exit 130
	[ "$c" = hazard ] || [ -n "${VMIG_FRESH:-}" ] ||
		printf 'vmig: no other chapter is run after %s\n' "$c"
	exit 3
done
[ -z "$interrupted" ] || exit 130
exit 0
