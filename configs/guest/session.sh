# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# One guest: what it is to do, its run, how it ended. Sourced by run.sh, which sets the
# options (opt_*), top, guest, kernel_build, rundir and interrupted.
# shellcheck disable=SC2154

# How long a guest may live, in seconds.
guest_seconds=${VMIG_GUEST_SECONDS:-1800}
# The same in the debug kernel, which takes three times as long.
debug_seconds=${VMIG_GUEST_SECONDS:-5400}

# How long a guest that runs tests may say nothing: no test has as much time.
tests_silence=400
# How many guests one run may take.
guests_max=16
# Where a run goes on that a lost guest has left, see session_resume.
resume=''

# The clock of the next guest, as clock_qemu() has it, where the mode does not need a real one.
session_clock=real
# Memory cgroups in the next guest; in the debug kernel they always are.
session_cgroups=''
# The chapters of the lane that is run (lanes.sh); empty: all.
lane_chapters=''

session_chapters()
{
	printf '%s' "${lane_chapters:-$(chapters)}"
}

# session_job MODE: writes what init reads, as shell that quotes everything.
session_job()
{
	local job=$rundir/.job s

	rm -rf "$job"
	mkdir "$job" || return
	{
		printf 'JOB_MODE=%s\n' "$1"
		printf 'JOB_PORTS=%s\n' "$nr_ports"
		printf 'JOB_DEVICE=%s\n' "$(sh_quote "$guest_device")"
		printf 'JOB_PROFILE=%s\n' "$(sh_quote "$profile")"
		printf 'JOB_MDEV=%s\n' "$(sh_quote "$(profile_value mdev)")"
		s=$(profile_value instances)
		printf 'JOB_INSTANCES=%s\n' "$(sh_quote "${s:-1}")"
		printf 'JOB_OTHER=%s\n' "$(sh_quote "$(profile_value other)")"
		printf 'JOB_DRIVER=%s\n' "$(sh_quote "$(profile_value driver)")"
		printf 'JOB_FIRMWARE=%s\n' "$(sh_quote "$(profile_value firmware)")"
		printf 'JOB_TOP=%s\n' "$(sh_quote "$top")"
		printf 'JOB_CACHE=%s\n' "$(sh_quote "$(realpath -m "$cache")")"
		printf 'JOB_RESULTS=%s\n' "$(sh_quote "$rundir")"
		printf 'JOB_COST=%s\n' "$([ "$session_clock" != "$clock_measure" ] || echo "${cost:+1}")"
		printf 'JOB_COMMAND=%s\n' "$(sh_quote "$opt_guest_cmd")"
		[ "$1" != tests ] || printf 'export VMIG_FRESH=1 VMIG_RESUME=%s VMIG_STUCK=%s\n' "$(sh_quote "$resume")" \
			"$(sh_quote "$(lanes_stuck)")"
		for s in "${test_env[@]}" ${streams_env[@]+"${streams_env[@]}"}; do
			[[ $s != VMIG_TESTS=@* ]] || { cp "${s#*@}" "$job/tests" && s=VMIG_TESTS=@/results/.job/tests; }
			printf 'export %s=%s\n' "${s%%=*}" "$(sh_quote "${s#*=}")"
		done
	} >"$job/job"
	while read -r s; do
		printf 'setup %s\n' "$(sh_quote "$s")"
	done < <(profile_value setup) >"$job/setup-profile"
	for s in "${opt_setup[@]}"; do
		printf 'setup %s\n' "$(sh_quote "$s")"
	done >"$job/setup-user"
	: >"$job/output"
	[ "$1" != mutants ] || cp "$session_entries" "$job/entries"
}

# session_initramfs FILE: packs what the guest boots into.
session_initramfs()
{
	local args=(-o "$1" -k "$kernel_build" -b "$programs" --arch "$guest_arch") m

	firmware_window >/dev/null || return
	[ -z "$lane_chapters" ] || args+=(-c "$lane_chapters")
	if [ -n "$profile" ]; then
		args+=(-p "$profiles/$profile.conf")
		for m in $(firmware_modules); do
			args+=(-m "$m")
		done
		for m in $(firmware_parameters); do
			args+=(--param "$m")
		done
	else
		# Which one it takes shows in the guest, by the driver of its device.
		for m in "$profiles"/*.conf; do
			[ ! -e "$m" ] || args+=(-p "$m")
		done
	fi
	for m in "${opt_ko[@]}"; do
		args+=(--ko "$m")
	done
	for m in "${opt_param[@]}"; do
		args+=(--param "$m")
	done
	own_modules || return
	[ -z "$own_build" ] || args+=(--built "$own_build")
	"$guest/initramfs.sh" "${args[@]}"
}

# session_port NAME FILE: adds to qemu_args a port of the guest that writes to a file.
# Handled where the guest's write traps, not in another thread, so that the write is in
# the file when it returns. Eight ports a device: for each one QEMU sends three messages
# through a queue of 32, and drops what finds it full.
session_port()
{
	local device=ports$((nr_ports / 8))

	if ((nr_ports % 8 == 0)); then
		qemu_args+=(-device "virtio-serial-pci,id=$device,ioeventfd=off,max_ports=9")
	fi
	qemu_args+=(-chardev "file,id=port$nr_ports,path=${2//,/,,},append=on"
		-device "virtserialport,bus=$device.0,chardev=port$nr_ports,name=$1")
	nr_ports=$((nr_ports + 1))
}

# session_qemu_args MODE: the command line after the machine, in qemu_args.
session_qemu_args()
{
	local more line words append

	append="console=$arch_console quiet panic=-1 vfio_iommu_type1.allow_unsafe_interrupts=1"
	# Else the kernel drops most of the marks that the tests set in its log, or forgets them.
	append+=" printk.devkmsg=on log_buf_len=4M"
	# Else it panics where a busy host lets the timer come late (timer_irq_works()).
	[ "$guest_arch" != x86_64 ] || append+=" no_timer_check"
	# What is measured must not depend on where things happen to lie.
	[ "$session_clock" != "$clock_measure" ] || append+=" nokaslr norandmaps"
	append+=$(firmware_boot) || return
	# Of a charged object the kernel keeps whose it is, in memory that lies beside it and that comes and
	# goes with the slabs: in one kernel either what is charged can be judged, or what leaks.
	[ -n "$opt_debug$session_cgroups" ] || append+=" cgroup_disable=memory"
	# kmemleak is silent until it is asked for: a scan of its own every ten minutes would be
	# charged to whatever test runs then. KASAN reports the first bug of a boot only, unless
	# it is told to go on.
	[ -z "$opt_debug" ] || append+=" kmemleak=on slub_debug=FZ kasan_multi_shot"
	qemu_args=(-kernel "$(arch_image "$kernel_build")" -initrd "$tmp/initrd"
		-append "$append"
		-virtfs "local,path=${rundir//,/,,},mount_tag=results,security_model=none")
	if [ "$1" = shell ]; then
		qemu_args+=(-chardev "stdio,id=console,mux=on,signal=off,logfile=${rundir//,/,,}/console.log"
			-serial chardev:console -mon chardev=console)
	else
		qemu_args+=(-chardev "file,id=console,path=${rundir//,/,,}/console.log,append=on"
			-serial chardev:console)
	fi
	nr_ports=0
	session_port dmesg "$rundir/dmesg.txt"
	if [ "$1" = tests ]; then
		read -ra words < <(session_chapters)
		for line in "${words[@]}"; do
			session_port "$line" "$rundir/ktap/$line.ktap"
		done
	fi
	if [ "$1" = command ]; then
		qemu_args+=(-virtfs
			"local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap")
	fi
	if [ "$1" = tests ] && [ "$session_clock" = "$clock_measure" ]; then
		mapfile -t more < <(cost_qemu)
		qemu_args+=("${more[@]}")
	fi
	mapfile -t more < <(firmware_qemu)
	qemu_args+=("${more[@]}")
	mapfile -t more < <(profile_value qemu)
	for line in "${more[@]}" "${opt_qemu_arg[@]}"; do
		read -ra words <<<"$line"
		qemu_args+=("${words[@]}")
	done
}

# session_watch MODE: until the guest has ended, by itself or because its time is over or
# the user is fed up; meanwhile shows what it writes.
session_watch()
{
	local shown output=$rundir/.job/output began=$SECONDS started=$SECONDS look=0
	local terminal='' size='' now gone=0

	if [ "$1" = shell ]; then
		terminal=$(stty -g 2>/dev/null) || :
		while qemu_lives && [ -z "$interrupted" ]; do
			nap
		done
		qemu_stop
		[ -z "$terminal" ] || stty "$terminal"
		return
	fi
	[ "$1" != command ] || output=$rundir/guest-cmd.log
	: >>"$output"
	exec {shown}<"$output"
	while qemu_lives && [ -z "$interrupted" ]; do
		if ((SECONDS - began >= session_limit || SECONDS - started >= silence_limit)); then
			status=timeout
			break
		fi
		# A port whose file cannot grow stops the guest for good.
		if ((SECONDS >= look)); then
			look=$((SECONDS + 2))
			if [ -e "$rundir/.job/off" ]; then
				gone=$((gone + 1))
				[ $gone -lt 8 ] || break
			fi
			if rundir_full; then
				status=disk-full
				break
			fi
			# Each test leaves marks in the kernel's log: a guest that says nothing hangs.
			if [[ $1 == @(tests|mutants) ]] && now=$(stat -c %s "$rundir/dmesg.txt" 2>/dev/null) &&
				[ "$now" != "$size" ]; then
				size=$now
				started=$SECONDS
			fi
		fi
		nap
		session_show "$1" "$shown"
	done
	qemu_stop
	session_show "$1" "$shown"
	exec {shown}<&-
}

# session_show MODE FD: what was written since the last time.
session_show()
{
	if [ -n "$opt_quiet" ] && [[ $1 == @(tests|mutants) ]]; then
		return
	fi
	cat <&"$2"
}

# session_console: what this guest wrote to its console, not those before it.
session_console()
{
	tail -c "+$((console_start + 1))" "$rundir/console.log"
}

# session_panic: the kernel's last words, if it had some.
session_panic()
{
	session_console | grep -a -m1 'Kernel panic' | tr -d '\r'
}

# session_end: how it ended, in status; false with a sentence if it never began.
session_end()
{
	local job=$rundir/.job why=''

	# The guest looks for one where none was asked for.
	[ ! -s "$job/profile" ] || profile=$(cat "$job/profile")
	if [ -n "$interrupted" ]; then
		status=interrupted
	elif [ "$status" = disk-full ]; then
		rundir_full_message
		return 1
	elif [ -s "$job/error" ]; then
		printf 'vmig: %s\n' "$(cat "$job/error")" >&2
		return 1
	elif [ ! -e "$job/booted" ]; then
		why=$(grep -v warning: "$job/qemu" | grep . | tail -n 1) || why=$(session_panic)
		printf 'vmig: the guest did not boot: %s\n' \
			"${why:-see $rundir/console.log}" >&2
		return 1
	elif [ -e "$job/done" ]; then
		guest_exit=$(cat "$job/done")
		status=complete
		[ "$guest_exit" != 3 ] || status="device-lost"
	elif [ "$status" = timeout ]; then
		say "the guest was ended: it hung, or took longer than $session_limit s"
	else
		status=guest-died
		why=$(session_panic)
		say "the guest died: ${why:-see $rundir/console.log}"
	fi
}

# session_spent STARTED: adds to the file VMIG_SPENT how long this guest took to boot, and from then on,
# in seconds of the wall.
session_spent()
{
	local booted

	[ -n "${VMIG_SPENT:-}" ] || return 0
	booted=$(stat -c %.Y "$rundir/.job/booted" 2>/dev/null) || booted=$EPOCHREALTIME
	awk -v a="$1" -v b="$booted" -v c="$EPOCHREALTIME" \
		'BEGIN { printf "%.1f %.1f\n", b - a, c - b }' >>"$VMIG_SPENT"
}

# session MODE (tests, command, shell, mutants): boots, waits, cleans up. Sets status and, where
# the guest came to its end, guest_exit; false if the guest could not do its job.
session()
{
	local machine started began good='' tcg='' clock_now=real

	status=''
	guest_exit=''
	console_start=$(stat -c %s "$rundir/console.log" 2>/dev/null) || console_start=0
	tcg=$(profile_value tcg)
	session_limit=$guest_seconds
	[ -z "$opt_debug" ] || session_limit=$debug_seconds
	silence_limit=$session_limit
	case $1 in
	tests)
		clock_now=$session_clock
		silence_limit=$((opt_debug ? 2 * tests_silence : tests_silence))
		;;
	mutants)
		clock_now=$session_clock
		silence_limit=$mutants_silence
		session_limit=$mutants_seconds
		;;
	esac
	session_initramfs "$tmp/initrd" || return 1
	session_qemu_args "$1" || return 1
	while [ -z "$interrupted" ]; do
		session_job "$1" || return 1
		mapfile -t machine < <(qemu_machine "$accel" "$tcg" "$clock_now")
		started=$SECONDS
		began=$EPOCHREALTIME
		if [ "$1" = shell ]; then
			qemu_start "${machine[@]}" "${qemu_args[@]}" 2>"$rundir/.job/qemu"
		else
			qemu_start "${machine[@]}" "${qemu_args[@]}" </dev/null \
				>"$rundir/.job/qemu" 2>&1
		fi
		session_watch "$1"
		if [ "$accel" != kvm ] || [ -n "$interrupted" ] || [ -e "$rundir/.job/booted" ] ||
			[ $((SECONDS - started)) -lt 1 ]; then
			break
		fi
		accel_give_up
		rm -rf "$rundir/.job"
	done
	qemu_stop
	session_spent "$began"
	# A chapter that was not begun has no file.
	find "$rundir/ktap" -size 0 -delete
	session_end && good=1
	[ "$1" != tests ] || [ "$session_clock" != "$clock_measure" ] || cost_end
	rm -rf "$rundir/.job"
	[ -n "$good" ]
}

# session_blame FILE TEST: the guest died in the test that a chapter's output ends with: what
# the kernel said last goes there, and to the kernel's log.
session_blame()
{
	local why

	# The mark of its own may not have come through.
	session_console | tr -d '\r' | awk -v file="$rundir/dmesg.txt" \
		-v mark="begin $(basename "$1" .ktap)/$2" '
		BEGIN {
			FS = "[,;]"
			while ((getline <file) > 0)
				if ($1 ~ /^[0-9]+$/ && $3 ~ /^[0-9]+$/) {
					seq = $2
					last = $3 / 1e6
				}
			printf "12,%d,%d,-;vmig: %s\n", seq + 1, last * 1e6, mark
			FS = "[][ ]+"
		}
		/^\[ *[0-9]+\.[0-9]+\]/ { $0 = $0; if ($2 + 0 > last) print }' >"$tmp/console"
	{
		echo
		cat "$tmp/console"
	} >>"$rundir/dmesg.txt"
	why=$(session_panic | sed 's/^\[[^]]*\] *//')
	[ -n "$why" ] || [ "$status" != timeout ] || why="a kernel that hangs"
	[ -n "$why" ] || return
	"$top/selftests/vmig_ktap" blame "$1" "$why"
}

# session_resume: finds where a run goes on that a guest did not bring to its end, in
# $resume, CHAPTER or CHAPTER/TEST; false if there is nothing left to run, or no hope.
session_resume()
{
	local words=() c former=$resume answer file='' test=''

	for c in $(session_chapters); do
		# Without --hazards there is no file of that chapter, and nothing of it to run.
		[ "$c" = hazard ] && [ "$opt_hazards" != 1 ] || words+=("$c")
	done
	answer=$("$top/selftests/vmig_ktap" resume "$rundir/ktap" "${words[@]}") || return
	{ read -r resume && read -r file test; } <<<"$answer" || :
	[ -z "$file" ] || session_blame "$rundir/ktap/$file.ktap" "$test"
	if [ -z "$resume" ]; then
		status=complete
		return 1
	fi
	[ "$resume" != "$former" ]
}

# session_tests: the suite, in as many guests as it takes: one that dies, that hangs, or
# whose kernel cannot be trusted any more costs the test that did it, and no other.
session_tests()
{
	resume=''
	guests=1
	session tests || return
	while [[ $status == @(guest-died|device-lost|timeout) ]] && session_resume; do
		if [ $guests -eq $guests_max ]; then
			say "$guests guests were lost, no other one is begun"
			break
		fi
		guests=$((guests + 1))
		say "a fresh guest goes on: $resume"
		session tests || break
	done
	resume=''
}
