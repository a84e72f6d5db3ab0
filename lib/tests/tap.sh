# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# KTAP for the shell tests: source it, call the functions, end with tap_end.

tap_number=0
tap_failed=0

# tap OK WHAT...: one result; OK is 0 for a pass, as an exit code is.
tap()
{
	local ok=$1
	shift
	tap_number=$((tap_number + 1))
	if [ "$ok" -eq 0 ]; then
		echo "ok $tap_number $*"
	else
		echo "not ok $tap_number $*"
		tap_failed=1
	fi
}

# tap_is EXPECTED GOT WHAT...: the two are equal
tap_is()
{
	local expected=$1 got=$2 rc=0
	shift 2
	if [ "$expected" != "$got" ]; then
		rc=1
		echo "# expected: $expected"
		echo "# got:      $got"
	fi
	tap $rc "$@"
}

# tap_show FILE: what a command printed, for the reader of a failure
tap_show()
{
	head -n 40 "$1" | sed 's/^/# | /'
}

# path_without DIR PATTERN...: makes DIR a PATH with all commands but those
path_without()
{
	local bin=$1 dir f pattern skip
	shift
	mkdir "$bin"
	for dir in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
		for f in "$dir"/*; do
			skip=
			for pattern in "$@"; do
				# shellcheck disable=SC2053 # a pattern
				[[ ${f##*/} != $pattern ]] || skip=1
			done
			[ -n "$skip" ] || [ -e "$bin/${f##*/}" ] || ln -s "$f" "$bin/"
		done
	done
}

tap_end()
{
	echo "1..$tap_number"
	exit "$tap_failed"
}
