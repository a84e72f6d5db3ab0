# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# run.sh --qualify: run the frozen list of tests by fixed rules, and make a bundle of the results;
# run.sh --verify: verify such a bundle and print its statement. Sourced by
# run.sh, which sets the options (opt_*), top, tmp, mode and devices. The verdict is
# that of vmig-report, on the bundle in both cases.
# shellcheck disable=SC2154,SC2034

# Under which name a key signs: a signature made for something else is none of a bundle.
bundle_namespace=vmig-bundle

# qualify_check: dies if an option is none of a qualification, whose rules are fixed.
qualify_check()
{
	if [ -n "$opt_tests$opt_strict$opt_no_known$opt_without$opt_seed$opt_debug$opt_abort$opt_stress$opt_bench" ] ||
		[ "$opt_hazards" = 0 ] || [ ${#opt_replay_stream[@]} -gt 0 ] ||
		[ -n "${VMIG_EXERCISER:-}${VMIG_CHAPTER_SECONDS:-}${VMIG_GUEST_SECONDS:-}" ]; then
		die "--qualify has its own rules: leave out what changes them (-t, --strict," \
			"--no-known-deviations, --without-migration, --seed, --stress, --no-stress, --no-hazards," \
			"--debug-kernel, --abort-on-taint, --replay-stream, VMIG_EXERCISER, VMIG_..._SECONDS)"
	fi
	[[ $opt_device != '' && $opt_device != all ]] ||
		die "--qualify is about one driver: say which with -d"
	[ -z "$opt_guest" ] ||
		die "--qualify takes a driver with a profile or a device of this host: leave out --guest"
	[ -z "$opt_waivers" ] || [ -r "$opt_waivers" ] || die "--waivers $opt_waivers: no such file"
	[ -z "$opt_sign_key" ] || [ -r "$opt_sign_key" ] ||
		die "--sign-key $opt_sign_key: no such file"
}

# bundle_check: dies if --waivers and its like were given to something else.
bundle_check()
{
	if [ "$opt_action" != qualify ] && [ -n "$opt_waivers$opt_sign_key" ]; then
		die "--waivers and --sign-key need --qualify"
	elif [ "$opt_action" != verify ] && [ -n "$opt_signers" ]; then
		die "--allowed-signers needs --verify"
	elif [ "$opt_action" = qualify ]; then
		qualify_check
	fi
}

# qualify_rules: the frozen list and what it asks for; dies where it or the suite is another.
qualify_rules()
{
	local version commit missing

	IFS=' ' read -r _ version _ commit < <("$top/results/vmig-report" --version) || :
	mustpass=${version%,}
	case $commit in
	*dirty* | unknown | '')
		die "the suite in $top is no commit that others can look at (it is '$commit'): commit" \
			"or stash your changes, so that the bundle can name what was run"
		;;
	esac
	mustpass_list=$top/configs/mustpass/$mustpass.txt
	[ -r "$mustpass_list" ] ||
		die "there is no mustpass list for vmig $mustpass ($mustpass_list)"
	if ! "$top/results/vmig-report" --mustpass-tests "$mustpass_list" >"$tmp/mustpass" \
		2>"$tmp/err"; then
		sed 's/^vmig-report:/vmig:/' "$tmp/err" >&2
		exit 2
	fi
	read -r qualify_rounds qualify_seed opt_stress <"$tmp/mustpass"
	sed 1d "$tmp/mustpass" | cut -f 2 >"$tmp/tests"
	missing=$(sed 1d "$tmp/mustpass" | LC_ALL=C sort |
		LC_ALL=C comm -23 - <(VMIG_HAZARDS=1 "$top/selftests/run_chapters.sh" --names </dev/null |
			LC_ALL=C sort) | head -n 1 | tr '\t' /)
	[ -z "$missing" ] ||
		die "the mustpass list of vmig $mustpass has the test $missing, and this suite has" \
			"none of that name: take the commit of that version"
}

# qualify_key: dies now and not after the tests if the key does not sign.
qualify_key()
{
	local why

	[ -n "$opt_sign_key" ] || return 0
	echo vmig >"$tmp/signed"
	why=$(timeout 120 ssh-keygen -q -Y sign -f "$opt_sign_key" -n "$bundle_namespace" \
		"$tmp/signed" 2>&1 >/dev/null) ||
		die "--sign-key $opt_sign_key does not sign: ${why##*$'\n'} (a private key of ssh-keygen," \
			"or a public one whose private key ssh-agent has)"
}

# qualify_profiles DRIVER KERNEL: profiles whose deviations are the waivers, in $profiles.
qualify_profiles()
{
	local f

	cat "$top"/configs/waivers/*.conf 2>/dev/null >"$tmp/waivers.conf" || :
	[ -z "$opt_waivers" ] || cat "$opt_waivers" >"$tmp/waivers.conf"
	"$top/results/vmig-report" --waivers "$tmp/waivers.conf" "$1" "$2" \
		"$(date -u +%Y-%m-%d)" 2>"$tmp/err" >"$tmp/waived" || {
		sed "s,$tmp/waivers.conf,${opt_waivers:-configs/waivers},; s/^vmig-report:/vmig:/" \
			"$tmp/err" >&2
		exit 2
	}
	mkdir -p "$tmp/profiles"
	for f in "$top"/configs/devices/*.conf; do
		{
			grep -v '^[[:blank:]]*\(deviation\|sometimes\):' "$f"
			cat "$tmp/waived"
		} >"$tmp/profiles/${f##*/}"
	done
	profiles=$tmp/profiles
}

# qualify_host: what the device runs on, in $1/modules.sha256 and $1/kernel.config.
qualify_host()
{
	local f release

	release=$(uname -r)
	for f in /proc/config.gz "/boot/config-$release" "/lib/modules/$release/config" \
		"/lib/modules/$release/build/.config"; do
		[ -r "$f" ] || continue
		if [[ $f == *.gz ]]; then zcat "$f"; else cat "$f"; fi >"$1/kernel.config"
		break
	done
	[ -s "$1/kernel.config" ] ||
		die "the configuration of this kernel is not found (/proc/config.gz," \
			"/boot/config-$release): the bundle has to have it; modprobe configs may help"
	modprobe --show-depends "$dev_driver" 2>/dev/null | sed -n 's/^insmod \([^ ]*\).*/\1/p' |
		xargs -r sha256sum >"$1/modules.sha256"
}

# qualify_round N: one run of the list, in a directory of its own below $qualify_dir.
qualify_round()
{
	local results=$tmp/none rc=0

	rundir=$qualify_dir/round-$1
	opt_seed=$((qualify_seed + $1 - 1))
	choose_mode
	test_env+=("VMIG_TESTS=@$tmp/tests" VMIG_QUALIFY=1)
	# As in the guest, where init says so.
	[ "$mode" != host ] || test_env+=(VMIG_REMOVE=1)
	mkdir -p "$rundir/ktap" "$results"
	run_started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	run_clock=$EPOCHREALTIME
	say "round $1 of $qualify_rounds"
	if [ "$mode" = host ]; then
		run_on_host || return 2
		qualify_host "$rundir"
	else
		run_in_guest "${devices[0]}" || return 2
	fi
	[ -z "$interrupted" ] || return "$interrupted"
	"$top/results/vmig-report" "$rundir" >"$rundir/report.txt" || rc=$?
	[ -s "$rundir/results.json" ] || return 2
	[ $rc -ne 130 ]
}

# qualify_bundle: packs it, and signs it where a key was given.
qualify_bundle()
{
	local words

	cp "$mustpass_list" "$qualify_dir/mustpass.txt"
	cp "$tmp/waivers.conf" "$qualify_dir/waivers.conf"
	mv "$qualify_dir/round-1/modules.sha256" "$qualify_dir/round-1/kernel.config" "$qualify_dir" ||
		die "the run did not say what it ran on: see $qualify_dir/round-1/console.log"
	rm -f "$qualify_dir"/round-*/{modules.sha256,kernel.config}
	read -ra words < <(chapters)
	(cd "$top" && sha256sum "${words[@]/#/selftests/vmig_}" selftests/vmig_env \
		selftests/vmig_ktap selftests/run_chapters.sh results/vmig-report) >"$qualify_dir/binaries.sha256"
	{
		"$top/results/vmig-report" --bundle-manifest "$qualify_dir" &&
			qualify_sign "$qualify_dir/manifest" &&
			"$top/results/vmig-report" --bundle-write "$qualify_dir"
	} 2>"$tmp/err" || {
		sed 's/^vmig-report:/vmig:/' "$tmp/err" >&2
		die "the bundle in $qualify_dir could not be written: free some space, or choose another" \
			"directory with -o DIR"
	}
}

# qualify_sign FILE: its signature in FILE.sig, where a key was given.
qualify_sign()
{
	[ -z "$opt_sign_key" ] ||
		timeout 120 ssh-keygen -q -Y sign -f "$opt_sign_key" -n "$bundle_namespace" "$1" \
			>/dev/null
}

# qualify_driver: the driver that will be tested, and the release of its kernel.
qualify_driver()
{
	if [ "$mode" = host ]; then
		printf '%s %s' "$dev_driver" "$(uname -r)"
	else
		printf '%s %s' "$(profile_get "$top/configs/devices/${devices[0]}.conf" driver)" \
			"$(cat "$kernel_build/include/config/kernel.release")"
	fi
}

# qualify: the whole of it; the exit code is the verdict.
qualify()
{
	local n rc=0 driver

	packages_ensure bundle
	build_programs
	qualify_rules
	qualify_key
	if [ "$mode" = host ]; then
		[ "$opt_hazards" = 1 ] ||
			die "the mustpass list holds tests that take a kernel down whose driver has a bug, and" \
				"tests that take the device from its driver and give it back: say --hazards on a" \
				"host that may crash"
		host_find "$opt_device"
		host_check
		undo_begin
	else
		packages_ensure build guest
		build_kernel
		machine_choose
	fi
	read -r driver n < <(qualify_driver; echo)
	qualify_profiles "$driver" "$n"
	rundir_new "${opt_device##*/}-qualify"
	rmdir "$rundir/ktap"
	qualify_dir=$rundir
	[ "$mode" != host ] || qualify_host "$tmp"
	for ((n = 1; n <= qualify_rounds; n++)); do
		qualify_round $n || rc=$?
		[ -z "$interrupted" ] || return "$interrupted"
		if [ $rc -ne 0 ]; then
			say "the qualification ended in round $n: see $qualify_dir"
			return 2
		fi
	done
	qualify_bundle
	rundir=$qualify_dir
	rundir_latest
	"$top/results/vmig-report" --verify "$qualify_dir/bundle.tar.zst" \
		>"$qualify_dir/statement.txt" || rc=$?
	cat "$qualify_dir/statement.txt"
	[ $rc -eq 2 ] || printf '\n%s\n' "To hand over: $qualify_dir/bundle.tar.zst and statement.txt"
	return $rc
}

# verify_refused SENTENCE: with one more word than die, as what is refused is the bundle.
verify_refused()
{
	die "the bundle $opt_bundle is refused: $*"
}

# verify_signature FILE: says who signed FILE, in $signature; dies where FILE.sig is not theirs.
verify_signature()
{
	local who

	signature="none: who changes a file and its checksum in the manifest is not found out"
	if [ ! -e "$1.sig" ]; then
		[ -z "$opt_signers" ] ||
			verify_refused "it is not signed, and --allowed-signers asks for that"
		return
	fi
	if [ -n "$opt_signers" ]; then
		who=$(ssh-keygen -Y find-principals -f "$opt_signers" -s "$1.sig" 2>/dev/null | head -n 1)
		[ -n "$who" ] || verify_refused "its signature is by nobody who is in $opt_signers"
		ssh-keygen -Y verify -f "$opt_signers" -I "$who" -n "$bundle_namespace" -s "$1.sig" \
			<"$1" >/dev/null 2>&1 ||
			verify_refused "its signature is not that of its manifest: what was signed was changed"
		signature="good, by $who"
		return
	fi
	who=$(ssh-keygen -Y check-novalidate -n "$bundle_namespace" -s "$1.sig" <"$1" 2>/dev/null) ||
		verify_refused "its signature is not that of its manifest: what was signed was changed"
	signature="fits, by the key ${who##* key }; whose that is --allowed-signers FILE says"
}

# verify_program: the report tool, of these sources where they can be built.
verify_program()
{
	local missing

	mapfile -t missing < <(packages_missing build)
	if [ -f "$top/Makefile" ] && [ -w "$top/results" ] &&
		{ [ ${#missing[@]} -eq 0 ] || [ ! -x "$top/results/vmig-report" ]; }; then
		packages_ensure build
		step make -s -C "$top" report >"$tmp/make" 2>&1 || {
			cat "$tmp/make" >&2
			die "the report tool could not be built: see above"
		}
	fi
	[ -x "$top/results/vmig-report" ] ||
		die "$top/results/vmig-report is missing: take a tarball that has it (make gen_tar)"
}

# verify: 0 conformant, 1 not, 2 refused.
verify()
{
	local rc=0

	[ -z "$opt_signers" ] || [ -r "$opt_signers" ] ||
		die "--allowed-signers $opt_signers: no such file"
	[[ -f $opt_bundle && -r $opt_bundle ]] ||
		die "--verify $opt_bundle: no such file; give the bundle.tar.zst of a run of --qualify"
	packages_ensure bundle
	verify_program
	mkdir "$tmp/bundle"
	"$top/results/vmig-report" --verify "$opt_bundle" "$tmp/bundle" >"$tmp/statement" \
		2>"$tmp/err" || rc=$?
	[ $rc -ne 2 ] || verify_refused "$(sed 's/^vmig-report: \(the bundle is refused: \)\?//' "$tmp/err")"
	verify_signature "$tmp/bundle/manifest"
	cat "$tmp/statement"
	printf 'Signed:  %s\n' "$signature"
	return $rc
}
