#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is changed on a host is put back, on files that nobody needs: a C program and a shell that
# write the record at once lose nothing; a set-up that is interrupted or killed leaves a record from
# which all is put back.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
export VMIG_UNDO=$tmp/undo
writer=lib/tests/build/unit_host_change

# What sources what run.sh does; then it is an owner of the record.
cat >"$tmp/owner" <<-'EOF2'
	#!/bin/bash
	# run.sh, as far as undo.sh looks
	set -u
	top=$PWD
	interrupted=''
	tmp=${0%/*}
	. configs/run/lib.sh
	nap() { sleep 0.05; }
	. configs/host/undo.sh
	. configs/host/setup.sh
EOF2

# side_by_side COUNT: a shell and a C program, each of which records COUNT changes and takes back
# the first half of its own.
side_by_side()
{
	local pid rc list

	"$writer" --write "$1" &
	pid=$!
	# shellcheck disable=SC2016 # expanded by the inner shell
	bash -c '. "$1" && tmp=${1%/*}
		for ((i = 0; i < $2; i++)); do
			undo_record "/shell/$i" c || exit 1
			[ $i -ge $(($2 / 2)) ] || undo_forget "/shell/$i" c
		done' - "$tmp/owner" "$1"
	tap_is 0 $? "a shell records $1 changes"
	wait $pid
	tap_is 0 $? "and a C program at the same time"
	list=$(cut -f 1 "$VMIG_UNDO")
	tap_is "$(($1 / 2)) $(($1 / 2))" \
		"$(grep -c '^/shell/' <<<"$list") $(grep -c "^/$pid/" <<<"$list")" "no change is lost"
	rc=0
	grep -qvE $'^(boot\t[-0-9a-f]+|[#/][^\t]+\tc)$' "$VMIG_UNDO" || rc=1
	tap_is 1 $rc "each line is whole"
	rm "$VMIG_UNDO"
}

# A set-up of 40 files, each with the value "old", that says how far it is. It does not end by
# itself for a minute.
cat >"$tmp/set_up" <<-'EOF2'
	#!/bin/bash
	# run.sh
	. "$1/owner"
	trap undo_end EXIT
	trap 'interrupted=130' INT
	undo_begin
	for ((i = 0; i < 40; i++)); do
		setup_step "file $i" "$1/file$i" new "$1/file$i" old
		echo $i >"$1/step"
	done
	sleep 60 &
	wait $!
	exit "${interrupted:-0}"
EOF2

# end_set_up SIGNAL STEP: begins that set-up and sends its process group the signal when it has come
# to a step; its exit code is in $rc.
end_set_up()
{
	local try

	# bash 5.2 itself loops now and then when a signal comes while it counts its children; that is
	# not what is tested here, and must not hang the test.
	for try in 1 2 3; do
		end_set_up_once "$1" "$2"
		if [ "$1" = KILL ] || [ "$rc" -ne 137 ]; then
			break
		fi
		echo "# bash did not end after SIG$1 in try $try"
		rm -f "$VMIG_UNDO"*
	done
}

end_set_up_once()
{
	local i pid at

	for ((i = 0; i < 40; i++)); do
		echo old >"$tmp/file$i"
	done
	echo -1 >"$tmp/step"
	setsid env --default-signal=INT bash "$tmp/set_up" "$tmp" 2>"$tmp/err" &
	pid=$!
	# What is being written reads as nothing.
	for ((i = 0; i < 600; i++)); do
		at=$(cat "$tmp/step")
		[ "${at:--1}" -lt "$2" ] || break
		sleep 0.02
	done
	kill "-$1" -- -$pid
	for ((i = 0; i < 600; i++)); do
		grep -qs '^State:[[:space:]]*[^Z]' "/proc/$pid/status" || break
		sleep 0.05
	done
	[ "$i" -lt 600 ] || kill -KILL -- -$pid
	wait $pid 2>/dev/null
	rc=$?
}

put_back()
{
	tap_is old "$(cat "$tmp"/file* | sort -u)" "$1: each file is as it was"
	[ ! -e "$VMIG_UNDO" ]
	tap $? "$1: nothing is left on record"
}

interrupted_set_up()
{
	local step rc

	for step in 0 7 23 39; do
		end_set_up INT "$step"
		tap_is 130 "$rc" "Ctrl-C at step $step: exit code"
		tap_show "$tmp/err"
		put_back "Ctrl-C at step $step"
	done
}

killed_set_up()
{
	local step rc

	for step in 0 7 23 39; do
		end_set_up KILL "$step"
		tap_is new "$(cat "$tmp/file0")" "kill -9 at step $step leaves things changed"
		./run.sh --cleanup >"$tmp/out" 2>&1
		tap_is 0 $? "kill -9 at step $step: run.sh --cleanup"
		put_back "kill -9 at step $step"
	done
}

if ! make -s -C lib/tests KSRC="${KSRC:-$(configs/guest/kernel.sh source)}" \
	KHDR="${KHDR:-$(configs/guest/kernel.sh headers)}" "$PWD/$writer" >"$tmp/make" 2>&1; then
	tap_show "$tmp/make"
	tap 1 "$writer is built"
	tap_end
fi
side_by_side 300
interrupted_set_up
killed_set_up

selftests/vmig_host frobnicate 2>"$tmp/err"
tap_is "2 usage:" "$? $(head -c 6 "$tmp/err")" "vmig_host says how it is used"
VMIG_UNDO=$tmp/none/undo selftests/vmig_host record /a b 2>"$tmp/err"
tap_is "2 1" "$? $(grep -c "^vmig: the record $tmp/none/undo cannot be" "$tmp/err")" "no place for the record"
tap_end
