# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a run changes on the host and puts back, on record: vmig_host writes it, as test programs do
# by the same functions (lib/base/host_change.c, whose header says what it looks like). Sourced by
# run.sh, after lib.sh and qemu.sh.
#
# A change is put back by writing a value to a path; a path "devlink:PORT" is for that tool. Beside
# the record: .owner, the process of the run at work; .kept, what --prepare has left on purpose.
# shellcheck disable=SC2154

undo_file=${VMIG_UNDO:-/run/vmig/undo}
# A write to sysfs may wait for a driver; one that waits longer than this is left behind.
undo_seconds=20

# undo_at_work: another run is; its process in $owner.
undo_at_work()
{
	owner=$(cat "$undo_file.owner" 2>/dev/null) || owner=''
	[ -n "$owner" ] && [ "$owner" != $$ ] && [ -e "/proc/$owner" ] &&
		grep -q run.sh "/proc/$owner/cmdline" 2>/dev/null
}

# undo_host COMMAND [ARGUMENT]...: on the record; its exit code.
undo_host()
{
	VMIG_UNDO=$undo_file "$top/selftests/vmig_host" "$@"
}

# undo_void: a record of an earlier boot says nothing of this one; true if it was so.
undo_void()
{
	[ -s "$undo_file" ] && undo_host expire
}

# undo_list [--new]: what is to be put back, the last change first; dies if that cannot be read.
undo_list()
{
	[ ! -s "$undo_file" ] || undo_host list "$@" || exit 2
}

# undo_begin: from now on changes of this run are on record; dies if those of another one are.
undo_begin()
{
	local owner new

	[ "$(cat "$undo_file.owner" 2>/dev/null)" != $$ ] || return 0
	mkdir -p "${undo_file%/*}" 2>/dev/null || return 0
	! undo_at_work || die "another run (process $owner) is at work on this host: wait for its end"
	! undo_void || say "the host has booted since an earlier run was killed: what that had changed is gone"
	[ -s "$undo_file" ] || rm -f "$undo_file.kept"
	new=$(undo_list --new) || exit
	[ -z "$new" ] ||
		die "an earlier run ended before it could put back what it had changed on this host" \
			"($(cut -f 1 <<<"$new" | sort -u | paste -sd ' ')): $run_command --cleanup does it"
	printf '%s\n' $$ >"$undo_file.owner" 2>/dev/null || :
}

# undo_end: puts back what this run has changed and not put back yet, the last change first; what
# --prepare has left stays.
undo_end()
{
	local path value

	[ "$(cat "$undo_file.owner" 2>/dev/null)" = $$ ] || return 0
	# Nor shall another Ctrl-C end the programs that do it.
	trap '' INT TERM HUP
	while IFS=$'\t' read -r path value; do
		if undo_put "$path" "$value"; then
			undo_forget "$path" "$value"
		else
			printf 'vmig: %s does not take %s (%s): %s --cleanup tries again\n' "$path" \
				"'$value'" "$undo_why" "$run_command" >&2
		fi
	done < <(undo_list --new)
	rm -f "$undo_file.owner"
	[ ! -e "$undo_file" ] || undo_host clear || :
}

# undo_keep: what is on record now stays until --cleanup.
undo_keep()
{
	undo_host keep || exit
}

# undo_record PATH VALUE: writing VALUE to PATH undoes what comes next; false if that cannot be put
# on record, and then nothing may be changed.
undo_record()
{
	undo_host record "$1" "$2" 2>/dev/null
}

# undo_change PATH VALUE: writes VALUE for a while; false if that cannot be done.
undo_change()
{
	local old

	old=$(cat "$1" 2>/dev/null) || return
	undo_record "$1" "$old" || return
	undo_put "$1" "$2" && return
	undo_forget "$1" "$old"
	return 1
}

# undo_back PATH: writes back what the file said.
undo_back()
{
	local old

	old=$(undo_list | awk -F '\t' -v path="$1" '$1 == path { print $2; exit }')
	[ -n "$old" ] || return 0
	undo_put "$1" "$old" && undo_forget "$1" "$old"
}

undo_forget()
{
	undo_host drop "$1" "$2" || :
}

# undo_done PATH VALUE: is it so already, as the device is gone or it was done meanwhile?
undo_done()
{
	case $1 in
	devlink:*) return 1 ;;
	/sys/bus/*/drivers/*/unbind) [ ! -e "${1%/unbind}/$2" ] ;;
	/sys/bus/*/drivers/*/bind)
		[ ! -e "${1%/drivers/*}/devices/$2" ] || [ -e "${1%/drivers/*}/devices/$2/driver" ]
		;;
	/sys/*) [ ! -e "$1" ] ;;
	*) return 1 ;;
	esac
}

# undo_put PATH VALUE: writes, in no more than undo_seconds; else false, and why in $undo_why.
undo_put()
{
	local pid line rc=0 until=$((SECONDS + undo_seconds))

	undo_why=''
	! undo_done "$1" "$2" || return 0
	if [[ $1 == devlink:* ]]; then
		# shellcheck disable=SC2086 # two words
		undo_why=$(timeout "$undo_seconds" devlink port function set "${1#devlink:}" $2 2>&1)
		return
	fi
	# In a process of its own: a driver that waits for its user cannot be interrupted. No $() here:
	# bash forgets a signal that comes while it reads one.
	(printf '%s\n' "$2" >"$1") 2>"$tmp/put.err" &
	pid=$!
	sleep 0.01
	while kill -0 $pid 2>/dev/null; do
		if ((SECONDS > until)); then
			undo_why="the driver has not answered for $undo_seconds s"
			disown $pid
			return 1
		fi
		nap
	done
	wait $pid || rc=$?
	while IFS= read -r line; do
		undo_why=${line##*: }
	done <"$tmp/put.err"
	return $rc
}

# undo_all: --cleanup: puts back all that is on record, the last change first; the exit code.
undo_all()
{
	local path value rc=0 owner list

	! undo_at_work || die "a run (process $owner) is at work, and puts back itself what it changes"
	! undo_void || echo "The host has booted since: what was changed is gone."
	list=$(undo_list) || exit
	[ -n "$list" ] || echo "There is nothing to put back."
	while IFS=$'\t' read -r path value; do
		if undo_put "$path" "$value"; then
			echo "wrote '$value' to $path"
			undo_forget "$path" "$value"
		else
			printf 'vmig: %s does not take %s%s: do it by hand, as root\n' "$path" "'$value'" \
				"${undo_why:+ ($undo_why)}" >&2
			rc=2
		fi
	done < <(printf '%s' "${list:+$list$'\n'}")
	[ $rc -ne 0 ] || rm -f "$undo_file.owner"
	undo_host clear || :
	return $rc
}
