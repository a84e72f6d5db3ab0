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

# tap_skip WHY WHAT...: a test that cannot be run here; the file `skips` has to allow it
tap_skip()
{
	local why=$1
	shift
	tap 0 "$* # SKIP $why"
}

# tap_may_mount WHAT...: whether the test may mount: if so, what runs by "${tap_mounting[@]}" may,
# and what it mounts ends with it. Else the test is skipped.
tap_may_mount()
{
	local option

	for option in -m -rm; do
		tap_mounting=(unshare "$option")
		! "${tap_mounting[@]}" mount -t tmpfs none /tmp 2>/dev/null || return 0
	done
	tap_skip "nothing can be mounted here" "$@"
	return 1
}

# tap_show FILE: what a command printed, for the reader of a failure
tap_show()
{
	head -n 40 "$1" | sed 's/^/# | /'
}

# tap_refused SECONDS WHAT PATTERN COMMAND...: exit code 2, and one line "vmig: ..." that
# matches; what the command prints is in $tmp/out and $tmp/err.
tap_refused()
{
	local seconds=$1 what=$2 pattern=$3 rc good=0
	shift 3
	# shellcheck disable=SC2154 # of who sources this
	timeout "$seconds" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	rc=$?
	[ "$rc" -eq 2 ] || { echo "# exit code $rc"; good=1; }
	[ "$(wc -l <"$tmp/err")" -eq 1 ] || { echo "# not one line"; good=1; }
	grep -q "^vmig: .*$pattern" "$tmp/err" || { echo "# no '$pattern'"; good=1; }
	[ $good -eq 0 ] || tap_show "$tmp/err"
	tap $good "$what"
}

# tap_forward: the results of another program's KTAP, on standard input, as ours.
tap_forward()
{
	local line

	while IFS= read -r line; do
		case $line in
		"ok "*) tap 0 "$(cut -d ' ' -f 3- <<<"$line")" ;;
		"not ok "*) tap 1 "$(cut -d ' ' -f 4- <<<"$line")" ;;
		"#"*) printf '%s\n' "$line" ;;
		esac
	done
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
