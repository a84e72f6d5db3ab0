#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The manual pages, from what the programs say of themselves, so that no option and no key of a
# profile can be missing in them.
#
#   man.sh vmig           vmig(1), from run.sh --help
#   man.sh vmig-profile   vmig-profile(5), from vmig-report --profile-keys
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=$(results/vmig-report --version | cut -d ' ' -f 2)
version=${version%,}

# What roff would take for its own: backslashes, and dots and quotes at the start of a line.
escape='function esc(s) {
	gsub(/\\/, "\\e", s)
	gsub(/-/, "\\-", s)
	return s ~ /^[.'"'"']/ ? "\\&" s : s
}'

# options: the sections of the help, each with its entries, in roff.
options()
{
	VMIG_COMMAND=vmig ./run.sh --help | awk "$escape"'
		/^[A-Z][^.,:]*$/ { print ".SH " toupper($0); begun = 1; next }
		!begun || /^$/ { next }
		/^  ? ? ?[^ ]/ {
			sub(/^ +/, "")
			at = match($0, /  +/) ? RSTART : length($0) + 1
			print ".TP\n.B " esc(substr($0, 1, at - 1))
			$0 = substr($0, at)
		}
		{ sub(/^ +/, ""); if ($0 != "") print esc($0) }'
}

vmig()
{
	cat <<-EOF
	.TH VMIG 1 "" "vmig $version" "User Commands"
	.SH NAME
	vmig \\- conformance tests for Linux VFIO migration drivers
	.SH SYNOPSIS
	.B vmig
	.RI [ OPTION ]...
	.SH DESCRIPTION
	.B vmig
	opens a migratable VFIO device, PCI or mdev, through its group and through its cdev, drives
	it over the uAPI of
	.I linux/vfio.h
	alone, and says which clauses of the specification its driver keeps and which it breaks.
	.PP
	Without
	.B \\-d
	it boots a QEMU guest for each of its reference drivers and tests them there; no IOMMU and no
	hardware is needed for that. With
	.B \\-d
	it tests a driver that has a profile, in the guest, or a device of this host.
	.PP
	A run leaves a directory with report.html, results.json, junit.xml, the KTAP of each program
	and the kernel's log, under
	.I /var/lib/vmig
	for root, else under
	.IR ~/.local/state/vmig .
	EOF
	options
	cat <<-'EOF'
	.SH FILES
	.TP
	.I /usr/lib/vmig/configs/devices
	profiles, see
	.BR vmig\-profile (5)
	.TP
	.I ~/.cache/vmig
	guest kernels, built on first use
	.TP
	.I /run/vmig/undo
	what a run has changed on this host and has to put back
	.SH EXAMPLES
	.TP
	.B vmig
	the reference drivers, in the guest
	.TP
	.B vmig \-d 0000:3b:00.2
	a virtual function of this host, bound to its VFIO migration driver
	.SH SEE ALSO
	.BR vmig\-profile (5)
	EOF
}

profile()
{
	cat <<-EOF
	.TH VMIG-PROFILE 5 "" "vmig $version" "File Formats"
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
