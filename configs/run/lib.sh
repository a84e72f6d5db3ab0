# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Common shell functions of the host: messages, quoting, disk space.

# The name of the command in messages: run.sh, or the name it is installed as.
# shellcheck disable=SC2034 # of who sources this
run_command=${VMIG_COMMAND:-./run.sh}

# say SENTENCE: progress, on stderr, not with -q; the scripts that run.sh starts know of it by VMIG_QUIET.
say()
{
	[ -n "${opt_quiet:-${VMIG_QUIET:-}}" ] || printf 'vmig: %s\n' "$*" >&2
}

# die SENTENCE: what is wrong and what to do; exit code 2.
die()
{
	printf 'vmig: %s\n' "$*" >&2
	exit 2
}

have()
{
	command -v "$1" >/dev/null 2>&1
}

# tie SIGNAL: the start of a command line that gets SIGNAL when its parent dies, however
# that dies; nothing where setpriv is not installed.
tie()
{
	! have setpriv || printf 'setpriv --pdeathsig %s' "$1"
}

# sh_quote STRING: STRING as one word of a POSIX shell.
sh_quote()
{
	printf "'%s'" "${1//\'/\'\\\'\'}"
}

# json_string STRING: a JSON string, or null if there is no argument or an empty one.
json_string()
{
	local s=${1-} i c

	if [ -z "$s" ]; then
		printf null
		return
	fi
	s=${s//\\/\\\\}
	s=${s//\"/\\\"}
	for ((i = 1; i < 32; i++)); do
		# shellcheck disable=SC2059 # the octal escape has to be in the format
		printf -v c "\\$(printf %03o "$i")"
		[[ $s == *"$c"* ]] && printf -v s '%s' "${s//"$c"/"$(printf '\\u%04x' "$i")"}"
	done
	printf '"%s"' "$s"
}

# json_bool WORD: true if there is a word.
json_bool()
{
	if [ -n "${1-}" ]; then printf true; else printf false; fi
}

# need_space DIR MIB WHAT: dies unless DIR, or what exists of its path, has MIB free.
need_space()
{
	local dir=$1 free

	while [ ! -d "$dir" ]; do
		dir=$(dirname "$dir")
	done
	free=$(df -Pm "$dir" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$2" ] ||
		die "no space for $3: $1 has $free MiB free and $2 are needed; free some or choose" \
			"another place (${4:-see --help})"
}

# profile_get FILE KEY: the values of all lines "KEY: value" of a profile, one a line.
profile_get()
{
	sed -n "s/^[[:blank:]]*$2:[[:blank:]]*//p" "$1" | sed 's/[[:space:]]*$//'
}

# kernel_in RANGE VERSION: does a kernel lie in FROM-TO, both of them a series and both included?
kernel_in()
{
	local from=${1%%-*} to=${1#*-} series

	series=$(cut -d. -f1,2 <<<"$2")
	printf '%s\n' "${from:-0}" "$series" "${to:-9999}" | sort -VC
}

# param_check MODULE.NAME=VALUE: dies unless it has this form.
param_check()
{
	[[ $1 =~ ^[A-Za-z0-9_-]+\.[A-Za-z0-9_]+=[^[:space:]]*$ ]] ||
		die "the parameter '$1' has not the form MODULE.NAME=VALUE, without blanks"
}

# Where kernels and modules are kept.
# shellcheck disable=SC2034 # of who sources this
cache=${VMIG_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vmig}

# lock_cache DIR: two runs at once must not write the same directory of the cache. The lock
# goes with the processes that hold it, also when one of them is killed.
lock_cache()
{
	if ! mkdir -p "$1" 2>/dev/null || [ ! -w "$1" ]; then
		die "cannot write to the cache $cache: set VMIG_CACHE to a directory that is yours"
	fi
	exec {lock}>"$1/lock"
	if ! flock -w 1 "$lock"; then
		say "waiting for another run that uses $1"
		flock "$lock"
	fi
}

# build_failed WHAT [PREFIX]: dies with the first error of $log, without PREFIX in it.
# shellcheck disable=SC2154 # of who sources this
build_failed()
{
	local why

	if grep -q 'No space left on device' "$log"; then
		die "$1: the disk is full; free some space under $cache or set VMIG_CACHE"
	fi
	why=$(grep -m1 -E '(error|Error|ERROR|\*\*\*)' "$log" || tail -n 1 "$log")
	[ -z "${2-}" ] || why=${why//"$2"/}
	die "$1: $why (all of it is in $log)"
}
