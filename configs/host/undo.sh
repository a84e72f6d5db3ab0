# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a run changes on the host and puts back, on record: see undo.c, which writes the same
# file. Sourced by run.sh, after lib.sh and qemu.sh.
#
# The record: "boot<TAB>ID" of the boot that the changes were made in, then a line a change,
# "PATH<TAB>VALUE": write VALUE to PATH. A path "devlink:PORT" is for that tool. Beside it:
# .owner, the process of the run at work; .kept, what --prepare has left on purpose.
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

undo_boot_line()
{
	printf 'boot\t%s\n' "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
}

# undo_void: a record of an earlier boot says nothing of this one; true if it was so.
undo_void()
{
	local first=''

	[ -s "$undo_file" ] && read -r first <"$undo_file"
	[[ $first == boot$'\t'* ]] && [ "$first" != "$(undo_boot_line)" ] || return
	rm -f "$undo_file" "$undo_file.kept"
}

# undo_begin: from now on changes of this run are on record; dies if those of another one are.
undo_begin()
{
	local owner

	[ "$(cat "$undo_file.owner" 2>/dev/null)" != $$ ] || return 0
	mkdir -p "${undo_file%/*}" 2>/dev/null || return 0
	! undo_at_work || die "another run (process $owner) is at work on this host: wait for its end"
	! undo_void || say "the host has booted since an earlier run was killed: what that had changed is gone"
	[ -s "$undo_file" ] || rm -f "$undo_file.kept"
	if [ -s "$undo_file" ] && ! cmp -s "$undo_file" "$undo_file.kept"; then
		die "an earlier run ended before it could put back what it had changed on this host" \
			"($(undo_words)): $run_command --cleanup does it"
	fi
	printf '%s\n' $$ >"$undo_file.owner" 2>/dev/null || :
}

# undo_end: puts back what this run has changed and not put back yet, the last change first; what
# --prepare has left stays.
undo_end()
{
	local path value kept=0

	[ "$(cat "$undo_file.owner" 2>/dev/null)" = $$ ] || return 0
	[ ! -s "$undo_file.kept" ] || kept=$(wc -l <"$undo_file.kept")
	while IFS=$'\t' read -r path value; do
		[ "$path" != boot ] || continue
		if undo_put "$path" "$value"; then
			undo_forget "$path" "$value"
		else
			printf 'vmig: %s does not take %s (%s): %s --cleanup tries again\n' "$path" \
				"'$value'" "$undo_why" "$run_command" >&2
		fi
	done < <(tail -n +"$((kept + 1))" "$undo_file" 2>/dev/null | tac)
	rm -f "$undo_file.owner"
	[ -s "$undo_file" ] || rm -f "$undo_file" "$undo_file.kept"
}

# undo_keep: what is on record now stays until --cleanup.
undo_keep()
{
	[ ! -s "$undo_file" ] || cp "$undo_file" "$undo_file.kept"
}

# undo_words: the files that were changed, for people.
undo_words()
{
	cut -f 1 "$undo_file" | grep -vx boot | sort -u | paste -sd ' '
}

# undo_record PATH VALUE: writing VALUE to PATH undoes what comes next; false if that cannot be put
# on record, and then nothing may be changed.
undo_record()
{
	{
		[ -s "$undo_file" ] || undo_boot_line >"$undo_file"
		printf '%s\t%s\n' "$1" "$2" >>"$undo_file"
	} 2>/dev/null && { sync "$undo_file" 2>/dev/null || :; }
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

	old=$(awk -F '\t' -v path="$1" '$1 == path { print $2; exit }' "$undo_file" 2>/dev/null)
	[ -n "$old" ] || return 0
	undo_put "$1" "$old" && undo_forget "$1" "$old"
}

undo_forget()
{
	# The last one, as changes are undone in reverse.
	tac "$undo_file" | awk -F '\t' -v path="$1" -v old="$2" '
		$1 == path && $2 == old && !done { done = 1; next } { print }' |
		tac >"$undo_file.new" && mv "$undo_file.new" "$undo_file"
	grep -qv '^boot' "$undo_file" || : >"$undo_file"
}

# undo_done PATH VALUE: is it so already, as the device is gone or somebody else was faster?
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
	local pid rc=0 until=$((SECONDS + undo_seconds))

	undo_why=''
	! undo_done "$1" "$2" || return 0
	if [[ $1 == devlink:* ]]; then
		# shellcheck disable=SC2086 # two words
		undo_why=$(timeout "$undo_seconds" devlink port function set "${1#devlink:}" $2 2>&1)
		return
	fi
	undo_why=$(mktemp "${TMPDIR:-/tmp}/vmig.XXXXXX") || return
	# In a process of its own: a driver that waits for its user cannot be interrupted.
	(printf '%s\n' "$2" >"$1") 2>"$undo_why" &
	pid=$!
	sleep 0.01
	while kill -0 $pid 2>/dev/null; do
		if ((SECONDS > until)); then
			rm -f "$undo_why"
			undo_why="the driver has not answered for $undo_seconds s"
			disown $pid
			return 1
		fi
		nap
	done
	wait $pid || rc=$?
	set -- "$undo_why"
	undo_why=$(sed -n '$s/.*: //p' "$1")
	rm -f "$1"
	return $rc
}

# undo_all: puts back all that is on record, the last change first; the exit code.
undo_all()
{
	local path value rc=0 owner

	! undo_at_work || die "a run (process $owner) is at work, and puts back itself what it changes"
	! undo_void || echo "The host has booted since: what was changed is gone."
	if [ ! -s "$undo_file" ]; then
		echo "There is nothing to put back."
		rm -f "$undo_file" "$undo_file.owner" "$undo_file.kept"
		return 0
	fi
	while IFS=$'\t' read -r path value; do
		[ "$path" != boot ] || continue
		if undo_put "$path" "$value"; then
			echo "wrote '$value' to $path"
			undo_forget "$path" "$value"
		else
			printf 'vmig: %s does not take %s%s: do it by hand, as root\n' "$path" "'$value'" \
				"${undo_why:+ ($undo_why)}" >&2
			rc=2
		fi
	done < <(tac "$undo_file")
	[ $rc -ne 0 ] || rm -f "$undo_file" "$undo_file.owner" "$undo_file.kept"
	return $rc
}
