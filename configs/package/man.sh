#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The manual pages, from what the programs say of themselves, so that no option and no key of a
# profile can be missing in them.
#
#   man.sh vmig           vmig(1), from run.sh --help by help2man, and vmig.h2m
#   man.sh vmig-profile   vmig-profile(5), from vmig-report --profile-keys
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=$(results/vmig-report --version | cut -d ' ' -f 2)
version=${version%,}

# Of the commit, so that the same sources are the same pages on any day.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y run.sh)}
export SOURCE_DATE_EPOCH

# help_in_columns: the help as help2man reads it: a heading ends with a colon, and what an option
# does begins on its line and in the same column as the rest.
help_in_columns()
{
	VMIG_COMMAND=vmig ./run.sh --help | awk '
		/^[^ ]/ || /^$/ { print $0 (/^[A-Z][^.:]*$/ ? ":" : ""); next }
		/^ ? ? ? ?[^ ]/ {
			sub(/^ +/, "")
			at = match($0, /  +/) ? RSTART : match($0, /^(--[a-z-]+( [A-Z]+)?|[A-Z_]+=[^ ]*) [a-z]/) ? RLENGTH - 1 : 0
			text = substr($0, at)
			if (at)
				$0 = substr($0, 1, at - 1)
			else
				getline text
			sub(/^ +/, "", text)
			printf "  %-38s  %s\n", $0, text
			next
		}
		{ sub(/^ +/, ""); printf "%42s%s\n", "", $0 }'
}

vmig()
{
	command -v help2man >/dev/null || {
		echo "man.sh: help2man is missing: apt-get install help2man" >&2
		exit 2
	}
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	help_in_columns >"$tmp/help"
	printf '#!/bin/sh\ncat "%s"\n' "$tmp/help" >"$tmp/vmig"
	chmod +x "$tmp/vmig"
	help2man --no-info --version-string="$version" --source="vmig $version" \
		--manual="User Commands" --include=configs/package/vmig.h2m "$tmp/vmig"
}

# What roff would take for its own: backslashes, and dots and quotes at the start of a line.
escape='function esc(s) {
	gsub(/\\/, "\\e", s)
	gsub(/-/, "\\-", s)
	return s ~ /^[.'"'"']/ ? "\\&" s : s
}'

profile()
{
	cat <<-EOF
	.TH VMIG-PROFILE 5 "$(LC_ALL=C date -u -d "@$SOURCE_DATE_EPOCH" "+%B %Y")" "vmig $version" "File Formats"
	.SH NAME
	vmig\\-profile \\- what vmig knows of a VFIO migration driver
	.SH DESCRIPTION
	A profile tells
	.BR vmig (1)
	how the devices of a driver are set up, what they can do, and which rules the driver is known
	to break. It is text: a key, a colon and a value on each line; lines that begin with # and
	empty lines do not count. A key that is not listed here is an error.
	.SH KEYS
	EOF
	results/vmig-report --profile-keys | awk -F '\t' "$escape"'
		{ printf ".TP\n.B %s\n%s\n.br\nForm: %s; %s.\n", esc($1), esc($4), esc($3), esc($2) }'
	cat <<-'EOF'
	.SH EXAMPLE
	.nf
	driver: mtty
	modules: mdev mtty
	mdev: mtty\-2
	deviation: DISC\-07 | reset.*.is_offered | mtty.c:1 f() | the flag is never set
	.fi
	.SH SEE ALSO
	.BR vmig (1)
	EOF
}

case ${1:-} in
vmig) vmig ;;
vmig-profile) profile ;;
*)
	echo "man.sh: vmig or vmig-profile?" >&2
	exit 2
	;;
esac
