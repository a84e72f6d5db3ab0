# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a run changes on the host and puts back, on record: see undo.c, which writes the same
# file. Sourced by run.sh, after lib.sh.

undo_file=${VMIG_UNDO:-/run/vmig/undo}

# undo_begin: from now on changes of this run are on record; dies if those of another one are.
undo_begin()
{
	local owner=''

	mkdir -p "${undo_file%/*}" 2>/dev/null || return 0
	owner=$(cat "$undo_file.owner" 2>/dev/null) || :
	if [ -n "$owner" ] && [ "$owner" != $$ ] && [ -e "/proc/$owner" ] &&
		grep -q run.sh "/proc/$owner/cmdline" 2>/dev/null; then
		die "another run (process $owner) is at work on this host: wait for its end"
	fi
	[ ! -s "$undo_file" ] ||
		die "an earlier run ended before it could put back what it had changed on this host" \
			"($(undo_words)): ./run.sh --cleanup does it"
	printf '%s\n' $$ >"$undo_file.owner" 2>/dev/null || :
}

# undo_end: this run has put back what it changed.
undo_end()
{
	[ "$(cat "$undo_file.owner" 2>/dev/null)" != $$ ] || rm -f "$undo_file.owner"
	[ -s "$undo_file" ] || rm -f "$undo_file"
}

# undo_words: the files that were changed, for people.
undo_words()
{
	cut -f 1 "$undo_file" | sort -u | paste -sd ' '
}

# undo_change PATH VALUE: writes VALUE for a while; false if that cannot be done.
undo_change()
{
	local old

	old=$(cat "$1" 2>/dev/null) || return
	{ printf '%s\t%s\n' "$1" "$old" >>"$undo_file"; } 2>/dev/null || return
	{ printf '%s\n' "$2" >"$1"; } 2>/dev/null && return
	undo_forget "$1" "$old"
	return 1
}

# undo_back PATH: writes back what the file said.
undo_back()
{
	local old

	old=$(awk -F '\t' -v path="$1" '$1 == path { print $2; exit }' "$undo_file" 2>/dev/null)
	[ -n "$old" ] || return 0
	{ printf '%s\n' "$old" >"$1"; } 2>/dev/null && undo_forget "$1" "$old"
}

undo_forget()
{
	awk -F '\t' -v path="$1" -v old="$2" '
		$1 == path && $2 == old && !done { done = 1; next } { print }' \
		"$undo_file" >"$undo_file.new" && mv "$undo_file.new" "$undo_file"
}

# undo_all: puts back all that is on record, the last change first; the exit code.
undo_all()
{
	local path value rc=0 owner

	owner=$(cat "$undo_file.owner" 2>/dev/null) || owner=''
	if [ -n "$owner" ] && [ -e "/proc/$owner" ] &&
		grep -q run.sh "/proc/$owner/cmdline" 2>/dev/null; then
		die "a run (process $owner) is at work, and puts back itself what it changes"
	fi
	if [ ! -s "$undo_file" ]; then
		echo "There is nothing to put back."
		rm -f "$undo_file" "$undo_file.owner"
		return 0
	fi
	while IFS=$'\t' read -r path value; do
		if { printf '%s\n' "$value" >"$path"; } 2>/dev/null; then
			echo "wrote '$value' to $path"
			undo_forget "$path" "$value"
		else
			printf 'vmig: %s does not take %s: do it by hand, as root\n' "$path" "$value" >&2
			rc=2
		fi
	done < <(tac "$undo_file")
	[ $rc -ne 0 ] || rm -f "$undo_file" "$undo_file.owner"
	return $rc
}
