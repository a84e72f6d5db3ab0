# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The clock of a guest under TCG: virtual, where it counts the instructions of its processors and
# jumps to the next timer when all of them sleep, or real. In virtual time no wait of a driver
# costs anything, and what is measured does not depend on what else the host does.
# Sourced by run.sh, which sets accel and the options (opt_*), after lib.sh.
# shellcheck disable=SC2154,SC2034

# Nanoseconds of an instruction, as a power of two: 62 instructions a microsecond are about what TCG
# achieves on a busy host. With more, a loop that goes on until its time is over takes the longer.
clock_tests=4
# The finest there is: an instruction that a driver has more is a nanosecond.
clock_measure=0

# clock_choose: sets clock (virtual, real) for the guests of this run, and says why where it is not
# what would be expected. Needs accel.
clock_choose()
{
	local why=''

	clock=real
	case ${VMIG_CLOCK:-} in
	'' | virtual) ;;
	real)
		say "clock of the guest: real (VMIG_CLOCK says so)"
		return
		;;
	*) die "VMIG_CLOCK=$VMIG_CLOCK: it can be virtual or real" ;;
	esac
	if [ "$accel" != tcg ]; then
		why="${accel^^} runs at the speed of the host"
	elif [ -n "$opt_debug" ] && [ -z "${VMIG_CLOCK:-}" ]; then
		why="what the debug kernel looks for needs processors that run side by side"
	elif ! clock_of_qemu; then
		why="this QEMU cannot count instructions (-icount)"
	else
		clock=virtual
		return
	fi
	if [ "${VMIG_CLOCK:-}" = virtual ] || [ "$opt_action" = nightly ]; then
		say "clock of the guest: real ($why)"
	fi
}

# clock_of_qemu: can it count instructions?
clock_of_qemu()
{
	printf 'quit\n' | timeout 20 "qemu-system-$guest_arch" -accel tcg,thread=single \
		-icount "shift=$clock_tests,sleep=off" -M none -S -nodefaults -display none \
		-monitor stdio >/dev/null 2>&1
}

# clock_of_tests: the clock of a guest that runs tests, as clock_qemu() has it.
clock_of_tests()
{
	if [ "$clock" = real ]; then echo real; else echo "$clock_tests"; fi
}

# clock_qemu CLOCK: prints the arguments of QEMU for `real` or for an instruction of 2^CLOCK ns. What
# the guest takes for random or for the date is the same each time, so that what it does is, too.
clock_qemu()
{
	[ "$1" != real ] || return 0
	printf '%s\n' -icount "shift=$1,sleep=off"
	[ "$1" != "$clock_measure" ] ||
		printf '%s\n' -seed 1 -rtc base=2026-01-01T00:00:00,clock=vm
}
