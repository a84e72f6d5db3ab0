# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Options of run.sh: help, parser and checks. Sourced by
# run.sh, which sets top.
# shellcheck disable=SC2034,SC2154

# What a run without -d tests, in this order: profiles of configs/devices.
default_devices=(mtty mock edu)

usage()
{
	cat <<EOF
Usage: $run_command [OPTION]...

Tests VFIO migration drivers. Without -d, boots a QEMU guest for each of these drivers
and tests them there: ${default_devices[*]}.

What to test
  -d NAME        a driver with a profile, in the guest: $(profile_names)
  -d all         all of these, one after the other
  -d DEVICE      a device of this host, bound to its VFIO migration driver: a PCI address
                 (0000:3b:00.2), an mdev UUID, /dev/vfio/devices/vfioN, a path under /sys
  --guest        with -d DEVICE: a device of the guest, not of this host; without -d: what
                 VFIO device there is in the guest
  --ko FILE      load this module in the guest, in place of the built one of that name;
                 may be repeated. Alone, it is the driver under test.
  --param MODULE.NAME=VALUE
                 load a module of the guest with a parameter; may be repeated
  --setup CMD    run CMD in the guest, to create or bind the device; may be repeated
  --qemu-arg ARG
                 more hardware for the guest, split at blanks; may be repeated
  --arch NAME    the guest is another machine: aarch64, with an SMMUv3; default x86_64
  --kernel SERIES
                 the guest's kernel is of this series: 7.3, 6.12, whatever Debian's archive has;
                 newest, the newest there; all, one after the other those that the profiles are
                 written for, with one table at the end. Default: the newest of these
  --stock-kernel SERIES
                 the guest's kernel is not built but Debian's own, such as 6.1 or 6.12; it has
                 no iommufd, and so no cdev
  --m32          the tests are 32-bit programs, on the same 64-bit kernel
  -t GLOB        only the tests whose name fixture.variant.test matches; several globs
                 with blanks between

Host set-up and restore
  --bind DRIVER  give -d DEVICE to this driver; \`auto': the one that --probe finds. Where the
                 driver's profile says so, devlink makes the device migratable first
  --vfs N        make N virtual functions of -d DEVICE, bind these (auto), test the first
  --mdev TYPE    make a mediated device of -d DEVICE, test that
  --hugepages N  have at least N huge pages
  --memlock MIB  may lock so much memory, or \`unlimited'
  --prepare      only set it up, and leave it so until --cleanup
  --force        also what is refused because it would hurt the host: a device that carries a
                 mounted file system or the default route, a group shared with a device of the
                 host, a physical function with virtual ones; \`--i-know' is its old name

How to judge
  --strict       a violated SHOULD clause is a failure too
  --no-known-deviations
                 the deviations that a profile knows are failures like any other
  --without-migration
                 the device is to be one that offers no migration: what needs none is judged.
                 In the guest, the profile says how it is made
  --debug-kernel the guest's kernel sees what a driver does to its memory and its locks (KASAN,
                 lockdep, kmemleak, UBSAN), and can be made to fail; built on first use. Tests
                 that need such a kernel are skipped in another one
  --abort-on-taint
                 run nothing more on a kernel that has warned, as after an oops; in the
                 guest, the rest runs in a fresh one
  --hazards      run the tests that can take a kernel with a known bug down; in the guest
                 they are run anyway
  --no-hazards   do not run them in the guest either
  --stress       races, failing calls and damaged streams for minutes; in the guest a brief
                 form of them is run anyway
  --no-stress    not in the guest either
  --seed N       what is random in these, as a run with this seed had it
  --bench N      measure throughput and downtime N times each, for statistics; without it a
                 few times, in seconds

  --replay-stream FILE
                 only this: load a stream that did harm once (RUN/repro/*.bin) again, in one
                 write() and in many; may be repeated, in this order

$(transfer_usage)

What to do instead of a run
  --probe        which devices of this host can be migrated, and why the others cannot, with the
                 step that changes it; -d DEVICE: this one (exit code 1 if it cannot); with
                 --guest or the name of a profile: in the guest. --json: for programs
  --list         print each test with the clauses it checks
  --clauses      print each clause with its level and its tests, or why it has none
  --mutants      the suite on the reference drivers as they are, and with each defect that
                 they can have: a test that names the violated rule must notice it; prints
                 and writes the kill matrix. With -d mock or -d edu, one of the two; with
                 --debug-kernel, the defects that such a kernel alone shows
  --conforming   the suite on reference drivers that conform, each in a way of its own that the
                 header leaves open: none may be accused. With -d mock or -d edu, on that one
  --replay       bugs that the vendors' drivers had, brought back one by one by the patches
                 of selftests/test_modules/history: a test that names the violated rule must
                 notice each; with -d NAME, those of one driver
  --core-defects the same with each defect that the VFIO core of a patched kernel can have, which
                 is built on first use; a test that names the violated rule must notice it
  --driver-coverage
                 which lines of the drivers does the suite reach? in a kernel that counts
                 them, which is built on first use; with -d NAME, of one driver
  --nightly      a run whose results and measurements go into results/history.db; then says
                 what is worse than in the nights before, and writes results/nightly.html
  --nightly-accept METRIC
                 what is worse of the metrics that match this glob is meant to be: from now on
                 they are compared with the nights since; needs --reason. With -d, of one device
  --nightly-withdraw METRIC
                 no, it is not; needs --reason too
  --reason TEXT  why, for nightly.html
  --since NIGHT  not from the night on in which it became worse, but from this one, as
                 nightly.html has it: 2026-11-21, or "2026-11-21 02:00"
  --qualify      with -d: the frozen list of tests that a driver must pass, by fixed rules;
                 writes bundle.tar.zst, which others can verify, and statement.txt
  --waivers FILE the breaches that it takes, not those of configs/waivers
  --sign-key FILE
                 sign the bundle with this key of ssh-keygen
  --verify FILE  what does a bundle say, derived anew from what the tests printed? exit code
                 0 conformant, 1 not, 2 the bundle is not to be believed
  --allowed-signers FILE
                 and somebody of FILE must have signed it (ssh-keygen(1), ALLOWED SIGNERS)
  --cleanup      put back what --prepare, or a run that was killed, had changed on this host
  --shell        a shell in the guest, with the device made
  --guest-cmd CMD
                 run CMD in the guest in this directory, on the host's files (read-only);
                 VMIG_DEVICE names the device; the exit code is CMD's
  --kernel-build-dir
                 build the guest kernel if need be and print where, to build modules:
                 make -C "\$($run_command --kernel-build-dir)" M=\$PWD modules
  -h, --help     print this

With --conforming
  --freedom NAME only the driver that takes this freedom; may be repeated

With --mutants, --replay and --core-defects
  --defect NAME  only this defect, or the bug of this patch; may be repeated
  --full         the whole suite on each defect, not only the tests that name its clause; with
                 --conforming, through the group too

How
  -o DIR         results go to DIR/runs/..., DIR/latest is the newest; default:
                 ${VMIG_RESULTS:-results}
  --no-install   never install packages, say what is missing
  -q             no progress, only the report

Environment
  KERNEL_SRC=DIR         build the guest kernel from this tree (6.1 or newer, unbuilt)
  VMIG_MIRROR=URL        a mirror of Debian's archive, for kernels; http://deb.debian.org/debian
  VMIG_RESULTS=DIR       as -o DIR
  VMIG_CACHE=DIR         where kernels are kept, default ~/.cache/vmig
  VMIG_ACCEL=kvm|tcg     do not try which of them works
  VMIG_CLOCK=real        no virtual time in a guest under TCG (configs/guest/README.md)
  VMIG_GUEST_SECONDS=N   time limit of a guest, default 1800; of the debug kernel 5400
  VMIG_CHAPTER_SECONDS=N time limit of a chapter, default 600; there 1800
  VMIG_EXERCISER=NAME    not the exerciser that knows the driver, but this one
  VMIG_DEVICE2=DEVICE    with -d DEVICE: a second device of the same driver
  VMIG_P2P_TARGET=DEVICE a device that others may write to, bound to vfio-pci: an NVMe controller
                         with a controller memory buffer, or one that an exerciser knows
  VMIG_DEVICE_OTHER=DEVICE  a device of another type of that driver (clause RES-12)
  VMIG_DEVICES="DEVICE..."  all devices that the run may touch, for the hot reset of a set

  VMIG_HISTORY=FILE      with --nightly: another history
  VMIG_HOST=NAME         the name of this machine there
  VMIG_ANY_KERNEL=1      compare nights of different kernels too
  VMIG_LAVA=1            with --nightly: print each result as a signal for LAVA

Exit code
    0  nothing unexpected
    1  a clause was violated that no profile knows of, or an expected breach did not come
    2  could not be tested
    3  no clause was violated, but the kernel complained
    4  with --nightly: nothing of these, but a metric is worse than in the nights before
  130  interrupted; what was measured until then is kept
EOF
}

# profile_names: the profiles of drivers that the guest has a device for, on one line.
profile_names()
{
	local p names=()

	for p in "$top"/configs/devices/*.conf; do
		[ ! -e "$p" ] || [ -z "$(profile_get "$p" modules)$(profile_get "$p" firmware)" ] ||
			names+=("$(basename "$p" .conf)")
	done
	printf '%s' "${names[*]:-none}"
}

opt_quiet='' opt_no_install='' opt_strict='' opt_no_known='' opt_hazards='' opt_tests=''
opt_device='' opt_guest='' opt_guest_cmd='' opt_action=''
results=${VMIG_RESULTS:-$top/results}
opt_full='' opt_debug='' opt_abort='' opt_stress='' opt_seed='' opt_bench=''
opt_defect=() opt_freedom=() opt_replay_stream=()
opt_waivers='' opt_sign_key='' opt_bundle='' opt_signers='' mustpass=''
profiles=$top/configs/devices
opt_ko=() opt_param=() opt_setup=() opt_qemu_arg=()
opt_json='' opt_bind='' opt_vfs='' opt_mdev='' opt_hugepages='' opt_memlock='' opt_force=''
opt_m32='' opt_stock='' opt_kernel='' opt_metric='' opt_reason='' opt_since=''
opt_without=''

set_action()
{
	[ -z "$opt_action" ] || [ "$opt_action" = "$1" ] ||
		die "--$opt_action and --$1 exclude each other"
	opt_action=$1
}

# takes_value OPTION: is the next word its value?
takes_value()
{
	case $1 in
	-d | -t | -o | --ko | --param | --setup | --qemu-arg | --guest-cmd | --defect | --freedom) ;;
	--seed | --bench | --replay-stream | --arch | --stock-kernel | --kernel) ;;
	--save-stream | --load-stream) ;;
	--bind | --vfs | --mdev | --hugepages | --memlock) ;;
	--nightly-accept | --nightly-withdraw | --reason | --since) ;;
	--waivers | --sign-key | --verify | --allowed-signers) ;;
	*) return 1 ;;
	esac
}

parse_options()
{
	while [ $# -gt 0 ]; do
		if takes_value "$1"; then
			[ -n "${2-}" ] || die "$1 needs a value: see $run_command --help"
		fi
		case $1 in
		-h | --help)
			usage
			exit 0
			;;
		-d)
			[ -z "$opt_device" ] || die "-d can be given once"
			opt_device=$2
			;;
		-t) opt_tests=$2 ;;
		-o) results=$2 ;;
		--ko)
			[ -r "$2" ] || die "--ko $2: no such file"
			opt_ko+=("$(realpath "$2")")
			;;
		--param)
			param_check "$2"
			opt_param+=("$2")
			;;
		--setup) opt_setup+=("$2") ;;
		--qemu-arg) opt_qemu_arg+=("$2") ;;
		--guest-cmd)
			set_action guest-cmd
			opt_guest_cmd=$2
			;;
		--defect) opt_defect+=("$2") ;;
		--freedom) opt_freedom+=("$2") ;;
		--full) opt_full=1 ;;
		--guest) opt_guest=1 ;;
		--waivers) opt_waivers=$2 ;;
		--sign-key) opt_sign_key=$2 ;;
		--verify)
			set_action verify
			opt_bundle=$2
			;;
		--allowed-signers) opt_signers=$2 ;;
		--arch) arch_set "$2" ;;
		--m32) opt_m32=1 ;;
		--stock-kernel) opt_stock=$2 ;;
		--kernel) opt_kernel=$2 ;;
		--list | --clauses | --cleanup | --qualify | --shell | --mutants | --replay | --core-defects | --conforming | \
			--driver-coverage | --kernel-build-dir | --nightly | --probe | --prepare)
			set_action "${1#--}"
			;;
		--nightly-accept | --nightly-withdraw)
			set_action "${1#--}"
			opt_metric=$2
			;;
		--reason) opt_reason=$2 ;;
		--since) opt_since=$2 ;;
		--strict) opt_strict=1 ;;
		--no-known-deviations) opt_no_known=1 ;;
		--without-migration) opt_without=1 ;;
		--debug-kernel) opt_debug=1 ;;
		--abort-on-taint) opt_abort=taint ;;
		--stress) opt_stress=full ;;
		--no-stress) opt_stress=off ;;
		--seed)
			if ! [[ $2 =~ ^0*[0-9]{1,10}$ ]] || [ $((10#$2)) -gt 4294967295 ]; then
				die "--seed $2: a number from 0 to 4294967295"
			fi
			opt_seed=$((10#$2))
			;;
		--bench)
			[[ $2 =~ ^[1-9][0-9]{0,3}$ ]] || die "--bench $2: a number from 1 to 9999"
			opt_bench=$2
			;;
		--replay-stream)
			[ -r "$2" ] || die "--replay-stream $2: no such file"
			opt_replay_stream+=("$2")
			opt_tests='poison_replay.*'
			;;
		--save-stream | --load-stream) transfer_option "$1" "$2" ;;
		--hazards) opt_hazards=1 ;;
		--no-hazards) opt_hazards=0 ;;
		--json) opt_json=1 ;;
		--bind) opt_bind=$2 ;;
		--vfs) opt_vfs=$2 ;;
		--mdev) opt_mdev=$2 ;;
		--hugepages) opt_hugepages=$2 ;;
		--memlock) opt_memlock=$2 ;;
		--force | --i-know) opt_force=1 ;;
		--no-install) opt_no_install=1 ;;
		-q)
			opt_quiet=1
			export VMIG_QUIET=1
			;;
		*) die "unknown option '$1': see $run_command --help" ;;
		esac
		! takes_value "$1" || shift
		shift
	done
}

# check_whole: --mutants, --replay, --core-defects, --conforming and --driver-coverage choose the rest by
# themselves.
check_whole()
{
	[ ${#opt_freedom[@]} -eq 0 ] || [ "$opt_action" = conforming ] ||
		die "--freedom needs --conforming"
	[ ${#opt_defect[@]} -eq 0 ] || [[ $opt_action == @(mutants|replay|core-defects) ]] ||
		die "--defect needs --mutants, --replay or --core-defects"
	[ -z "$opt_full" ] || [[ $opt_action == @(mutants|conforming) ]] ||
		die "--full needs --mutants or --conforming"
	[[ $opt_action == @(mutants|replay|core-defects|conforming|driver-coverage) ]] || return 0
	if [ -n "$opt_tests$opt_guest$opt_no_known$opt_strict$opt_hazards$opt_bench$opt_without" ] ||
		[ $((${#opt_ko[@]} + ${#opt_param[@]} + ${#opt_setup[@]} +
			${#opt_qemu_arg[@]})) -gt 0 ]; then
		die "--$opt_action chooses tests, modules and rules by itself: leave out all but" \
			"-d NAME, --defect, --freedom, --full, -o and -q"
	fi
}

# without_check: --without-migration of drivers with a profile: those that say how such a device is made.
without_check()
{
	local p known=()

	[ -n "$opt_without" ] && [ "$mode" = guest ] && [ -n "${devices[*]}" ] || return 0
	for p in "${devices[@]}"; do
		[ -z "$(profile_get "$top/configs/devices/$p.conf" without_migration)" ] || known+=("$p")
	done
	# One that is named, with a parameter or a driver of the user's, may be such a device all the same.
	if [ ${#known[@]} -eq 0 ] && [ $((${#opt_ko[@]} + ${#opt_param[@]} + ${#opt_setup[@]})) -gt 0 ]; then
		return 0
	fi
	[ ${#known[@]} -gt 0 ] ||
		die "no profile of '${devices[*]}' says how a device without migration is made" \
			"(without_migration:): take -d" \
			"$(cd "$top/configs/devices" && grep -l '^without_migration:' ./*.conf |
				sed 's,^\./,,; s,\.conf$,,' | paste -sd ' ' | sed 's/ / or -d /g')," \
			"or make one with --setup"
	devices=("${known[@]}")
}

# Which devices, and where: sets mode (guest, host), and for the guest devices, a list of
# profiles ("" for none), and guest_device, what the user calls it there.
choose_mode()
{
	mode=guest
	guest_device=''
	devices=("${default_devices[@]}")
	if [ "$opt_device" = all ]; then
		read -ra devices < <(profile_names)
	elif [ -n "$opt_device" ] && [[ $opt_device != */* ]] &&
		[ -e "$top/configs/devices/$opt_device.conf" ]; then
		[[ " $(profile_names) " == *" $opt_device "* ]] ||
			die "the guest has no device for $opt_device: give a device of this host that is" \
				"bound to $(profile_get "$top/configs/devices/$opt_device.conf" driver), -d DEVICE"
		devices=("$opt_device")
	elif [ -n "$opt_guest" ]; then
		devices=("")
		guest_device=$opt_device
	elif [ -n "$opt_device" ]; then
		mode=host
		devices=("")
		if [ $((${#opt_ko[@]} + ${#opt_param[@]} + ${#opt_setup[@]} +
			${#opt_qemu_arg[@]})) -gt 0 ] ||
			[[ $opt_action == @(shell|guest-cmd) ]]; then
			die "$opt_device is no profile and so a device of this host, and --ko," \
				"--param, --setup, --qemu-arg, --shell and --guest-cmd are for the guest: add" \
				"--guest if it is a device of the guest (profiles: $(profile_names))"
		fi
		[ -z "$opt_debug" ] ||
			die "$opt_device is a device of this host, and --debug-kernel is for the guest"
	elif [ ${#opt_ko[@]} -gt 0 ] || [ ${#opt_setup[@]} -gt 0 ]; then
		devices=("")
	fi
	without_check
	[ "$opt_hazards" = 1 ] || [ "$mode" = host ] || [ "$opt_hazards" = 0 ] || opt_hazards=1

	test_env=()
	[ -z "$opt_tests" ] || test_env+=("VMIG_TESTS=$opt_tests")
	[ -z "$opt_strict" ] || test_env+=(VMIG_STRICT=1)
	[ -z "$opt_no_known" ] || test_env+=(VMIG_NO_KNOWN=1)
	test_env+=("VMIG_ABORT_ON=${opt_abort:-oops}")
	[ "$opt_hazards" != 1 ] || test_env+=(VMIG_HAZARDS=1)
	if [ -n "${VMIG_CHAPTER_SECONDS:-}" ]; then
		test_env+=("VMIG_CHAPTER_SECONDS=$VMIG_CHAPTER_SECONDS")
	elif [ -n "$opt_debug" ]; then
		test_env+=(VMIG_CHAPTER_SECONDS=1800)
	fi
	# A host's device is stressed by who asks for it.
	[ "$mode" = host ] || : "${opt_stress:=brief}"
	[ -z "$opt_stress" ] || test_env+=("VMIG_STRESS=$opt_stress")
	[ -z "$opt_seed" ] || test_env+=("VMIG_SEED=$opt_seed")
	[ -z "$opt_bench" ] || test_env+=("VMIG_BENCH=$opt_bench")
	# What takes long says how far it is, to who looks on.
	[ -n "$opt_quiet" ] || [ ! -t 1 ] || test_env+=(VMIG_PROGRESS=3)
	[ -z "${VMIG_EXERCISER:-}" ] || test_env+=("VMIG_EXERCISER=$VMIG_EXERCISER")
}
