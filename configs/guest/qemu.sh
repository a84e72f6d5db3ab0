# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# QEMU of the guest: accelerator, command line, start and stop.
# Sourced by run.sh, which sets guest (this directory) and cache, after lib.sh.
# shellcheck disable=SC2154

# How long a guest may take to boot in the trial of KVM, in seconds.
trial_seconds=8

# qemu_machine ACCEL [TCG [CLOCK]]: prints what each guest has, one argument a line; TCG is options of
# that accelerator, CLOCK as for clock_qemu(). The vIOMMU needs an interrupt controller in user space; without default
# devices and option ROMs the guest boots faster, and with RDRAND nothing waits for the
# kernel to gather randomness.
qemu_machine()
{
	local cpus=${guest_cpus:-2} cpu=qemu64,+rdrand machine=(-M "q35,kernel-irqchip=off" -device "intel-iommu,intremap=on")

	if [ "$guest_arch" = aarch64 ]; then
		cpu=cortex-a72
		machine=(-M "virt,gic-version=3,iommu=smmuv3")
	fi
	# Of two, one would do what the other one's path leaves to it.
	[ "${3-}" != "$clock_measure" ] || cpus=1
	[ "$1" != kvm ] || cpu=host
	# Instructions are counted in one thread, whatever the profile asks for.
	if [ "$1" = tcg ] && [ "${3-real}" != real ]; then
		set -- tcg,thread=single '' "$3"
	fi
	[ "$1" != tcg ] || [ -z "${2-}" ] || set -- "tcg,$2" '' "${3-}"
	printf '%s\n' -accel "$1" -cpu "$cpu" -smp "$cpus" -m 1G \
		-nodefaults -no-user-config -display none -no-reboot "${machine[@]}"
	clock_qemu "${3-real}"
}

# qemu_start ARG...: starts QEMU, its pid in $qemu_pid. It dies with this shell, also
# when that is killed by a signal that no trap sees.
qemu_start()
{
	# Without the redirection, what runs in the background reads /dev/null.
	# shellcheck disable=SC2046 # several words, or none
	$(tie KILL) "qemu-system-$guest_arch" "$@" <&0 &
	qemu_pid=$!
	# Else the shell has its own words about a QEMU that aborts.
	disown "$qemu_pid"
}

# qemu_lives: it has not ended. One that has, and has not been waited for, is dead too: in a
# trap that came while a process was made, this shell hears of no end.
qemu_lives()
{
	local stat

	kill -0 "$qemu_pid" 2>/dev/null && read -r stat 2>/dev/null <"/proc/$qemu_pid/stat" &&
		[[ $stat != *') Z '* ]]
}

# qemu_stop: ends it. Under a broken KVM it does not hear SIGTERM.
qemu_stop()
{
	[ -n "${qemu_pid:-}" ] || return 0
	kill -KILL "$qemu_pid" 2>/dev/null || :
	while qemu_lives; do
		nap
	done
	qemu_pid=
}

# nap: 0.1 s without a process.
nap()
{
	if [ -z "${nap_fd:-}" ]; then
		exec {nap_fd}<> <(:)
	fi
	read -rt 0.1 -u "$nap_fd" || :
}

# kvm_boots IMAGE: boots a tiny guest under KVM; if it does not get far, why is in
# $accel_why.
kvm_boots()
{
	local dir machine why started=$SECONDS booted=''

	dir=$(mktemp -d)
	"$guest/initramfs.sh" -o "$dir/initrd" --marker vmig-booted
	mapfile -t machine < <(qemu_machine kvm)
	qemu_start "${machine[@]}" -kernel "$1" -initrd "$dir/initrd" \
		-append "console=$arch_console quiet panic=-1 no_timer_check" -serial "file:$dir/console" \
		</dev/null >"$dir/qemu" 2>&1
	while [ -z "$booted" ] && [ -z "${interrupted:-}" ]; do
		if grep -q vmig-booted "$dir/console" 2>/dev/null; then
			booted=1
		elif ! qemu_lives; then
			accel_why="a guest under KVM died"
			break
		elif ((SECONDS - started > trial_seconds)); then
			accel_why="a guest under KVM did not boot within $trial_seconds s"
			break
		else
			nap
		fi
	done
	qemu_stop
	why=$(grep -v warning: "$dir/qemu" | grep . | tail -n 1) || :
	accel_why+=${why:+: $why}
	rm -rf "$dir"
	[ -n "$booted" ]
}

accel_remember()
{
	# A cache that cannot be written costs another trial, nothing more.
	{
		mkdir -p "$cache"
		printf '%s\n%s\n%s\n' "$accel_key" "$accel" "$accel_why" >"$cache/accel"
	} 2>/dev/null || :
}

# machine_choose: accelerator and clock of the guests of this run, whose kernel is $kernel_build.
machine_choose()
{
	accel_choose "$(arch_image "$kernel_build")"
	clock_choose
}

# accel_choose IMAGE: sets accel to kvm or tcg and says which and why. KVM only where a
# guest was seen to boot: /dev/kvm can open, and the guest die all the same. The answer is
# kept until the host boots again or has another QEMU.
accel_choose()
{
	local known=()

	accel_key="$(uname -r) $(cat /proc/sys/kernel/random/boot_id) $("qemu-system-$guest_arch" --version | head -n 1)"
	[ -r "$cache/accel" ] && mapfile -t known <"$cache/accel"
	if [ -n "${VMIG_ACCEL:-}" ]; then
		accel=$VMIG_ACCEL
		accel_why="VMIG_ACCEL says so"
		[ "$accel" = kvm ] || [ "$accel" = tcg ] ||
			die "VMIG_ACCEL=$accel: it can be kvm or tcg"
	elif arch_foreign; then
		accel=tcg
		accel_why="the guest is another machine than this host"
	elif [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then
		accel=tcg
		accel_why="this host has no /dev/kvm that can be opened"
	elif [ "${known[0]-}" = "$accel_key" ]; then
		accel=${known[1]}
		accel_why=${known[2]}
	else
		say "trying to boot a guest under KVM ($trial_seconds s at most, once)"
		accel_why=''
		if kvm_boots "$1"; then
			accel=kvm
			accel_why="a guest was seen to boot under it"
		else
			accel=tcg
		fi
		[ -n "${interrupted:-}" ] || accel_remember
	fi
	say "accelerator: ${accel^^} ($accel_why)"
}

# accel_give_up: a guest under KVM that never reached its init; from now on TCG.
accel_give_up()
{
	accel=tcg
	accel_why="a guest under KVM did not reach its init"
	accel_remember
	say "accelerator: TCG ($accel_why)"
	clock_choose
}
