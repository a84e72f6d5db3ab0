#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# No two objects call each other, by whatever way round: a file is above or below another one.
#
#   circles.sh OBJECT...    prints the circles there are; exit code 1 if there is one
#
# An object is named by its path; give those of one program, each once.
set -u
[ $# -gt 0 ] || {
	echo "circles.sh: give the object files that are to be looked at" >&2
	exit 2
}
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
export LC_ALL=C

# symbols --defined-only|--undefined-only OBJECT...: "symbol object", sorted
symbols()
{
	nm -A -g "$@" >"$tmp/nm" || return
	awk '{ split($1, f, ":"); print $NF, f[1] }' "$tmp/nm" | sort -u
}

if ! symbols --defined-only "$@" >"$tmp/defined" || ! symbols --undefined-only "$@" >"$tmp/used"; then
	echo "circles.sh: nm cannot read an object file, build them first" >&2
	exit 2
fi
join "$tmp/defined" "$tmp/used" | awk '$2 != $3 { print $3, $2 }' | sort -u >"$tmp/calls"
# Of objects that have nothing to do with each other there is nothing to say, and no proof.
[ $# -eq 1 ] || [ -s "$tmp/calls" ] || {
	echo "circles.sh: no object calls another one, which cannot be" >&2
	exit 2
}
# tsort names the members of a circle line by line.
tsort <"$tmp/calls" 2>"$tmp/circles" >"$tmp/order" && exit 0
sed 's/^tsort: -: //; s/^tsort: //; s/^-: //' "$tmp/circles"
exit 1
