# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of vmig(1): options from its help, profiles and devices for -d, files where a
# file is meant.

_vmig()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} help words

	COMPREPLY=()
	help=$("${COMP_WORDS[0]}" --help 2>/dev/null) || return 0
	case $prev in
	-d)
		words=$(sed -n 's/^  -d NAME .*: //p' <<<"$help")
		words+=" all $(ls /sys/bus/mdev/devices 2>/dev/null)"
		words+=" $(find /sys/bus/pci/devices/*/vfio-dev -maxdepth 0 2>/dev/null |
			sed 's,/vfio-dev$,,; s,.*/,,')"
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		return 0
		;;
	-o)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return 0
		;;
	esac
	# An option that takes a file says so.
	if grep -q "^  $prev FILE" <<<"$help"; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return 0
	fi
	words=$(grep -oE '^  (-[a-zA-Z], )?--?[a-z0-9-]+' <<<"$help" | tr -d ',')
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vmig vmig
