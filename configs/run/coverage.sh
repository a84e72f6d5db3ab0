# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# run.sh --driver-coverage: measure which lines and branches of the drivers the suite reaches,
# by the kernel's gcov, in a kernel and with modules of their own. Sourced by run.sh after
# mutants.sh, which sets the options (opt_*), top, guest, tmp and interrupted.
# shellcheck disable=SC2154,SC2034

# coverage_run PROFILE [SHAPE]: the suite on a driver; what was counted is in $rundir/gcov.
coverage_run()
{
	profile=$1
	rundir=$coverage_dir/runs/$1${2:+-${2//,/+}}
	mkdir -p "$rundir/ktap"
	opt_param=()
	[ -z "${2-}" ] || opt_param=("$(profile_get "$top/configs/devices/$1.conf" driver).features=$2")
	say "the suite on ${rundir##*/}"
	if ! session tests; then
		return 1
	fi
	[ -d "$rundir/gcov" ] ||
		die "the guest has counted no line of ${rundir##*/}: see $rundir/console.log"
}

# coverage_lines DIR...: what was counted in these runs, as "file:line:count:source", where
# count is - for a line without code, and "file:line:Bn:count" for its branch n.
coverage_lines()
{
	local dir data notes

	for dir in "$@"; do
		# A file for each that was compiled, at the place where that was done.
		while read -r data; do
			notes=${data#"$dir/gcov"}
			notes=${notes%.gcda}.gcno
			[ -e "$notes" ] || continue
			cp "$notes" "${data%.gcda}.gcno"
			(cd "$kernel_build" && gcov -b -c --stdout "$data" 2>/dev/null)
			rm -f "${data%.gcda}.gcno"
		done < <(find "$dir/gcov" -name '*.gcda' ! -name '*.mod.gcda')
	done | awk -v root="$own_build/src/" '
		/^ *-: *0:Source:/ {
			sub(/^ *-: *0:Source:/, "")
			# Inline functions of the kernel are not ours.
			file = index($0, root) == 1 ? substr($0, length(root) + 1) : ""
			# Nor is what stands in for firmware.
			if (file ~ /test_modules\/firmware/)
				file = ""
			next
		}
		file != "" && /^branch +[0-9]+/ {
			print file ":" line ":B" $2 ":" ($3 == "taken" ? $4 + 0 : 0)
			next
		}
		file == "" || /^ *-: *0:/ { next }
		match($0, /^ *[^:]*: *[0-9]+:/) {
			split($0, f, ":")
			gsub(/ /, "", f[1])
			gsub(/ /, "", f[2])
			line = f[2]
			print file ":" f[2] ":" (f[1] ~ /[#=]/ ? 0 : f[1] + 0 || f[1] == "-" ? f[1] : 0) \
				":" substr($0, RLENGTH + 1)
		}'
}

# coverage_report: the figures of each file and the lines that nothing reached, from the
# lines that the suite reached on conforming drivers and those that it did with defects.
coverage_report()
{
	awk -F : -v suite="$coverage_dir/suite.lines" '
		function driver_of(file,    d)
		{
			d = file ~ /test_modules|^drivers\/vfio/ ? file : "mtty/"
			sub(/^(selftests\/test_modules|drivers\/vfio\/pci)\//, "", d)
			sub(/\/.*/, "", d)
			return d
		}
		{
			key = $1 ":" $2
			if ($3 ~ /^B/) {
				if (!((key, $3) in branch)) {
					branch[key, $3] = 1
					branches[driver_of($1)]++
				}
				if ($4 > 0 && FILENAME == suite && !((key, $3) in went)) {
					went[key, $3] = 1
					gone[driver_of($1)]++
				}
				next
			}
			text = $0
			sub(/^[^:]*:[^:]*:[^:]*:/, "", text)
			if ($3 == "-")
				next
			if (!(key in source)) {
				source[key] = text
				files[$1] = 1
				if ($2 > last[$1])
					last[$1] = $2 + 0
			}
			if ($3 + 0 > 0 && FILENAME == suite)
				reached[key] = 1
			else if ($3 + 0 > 0)
				by_defect[key] = 1
		}
		END {
			n = 0
			for (file in files)
				names[n++] = file
			for (i = 1; i < n; i++)
				for (j = i; j > 0 && names[j] < names[j - 1]; j--) {
					t = names[j]
					names[j] = names[j - 1]
					names[j - 1] = t
				}
			printf "%-44s %6s %8s %8s %14s\n", "File", "Lines", "Reached", "", \
				"with defects"
			for (i = 0; i < n; i++) {
				file = names[i]
				lines = hit = more = 0
				for (l = 1; l <= last[file]; l++) {
					key = file ":" l
					if (!(key in source))
						continue
					lines++
					if (key in reached)
						hit++
					if (key in reached || key in by_defect)
						more++
					else
						rest[file] = rest[file] sprintf("  %5d  %s\n", l, source[key])
				}
				driver = driver_of(file)
				drivers[driver] = 1
				all[driver] += lines
				all_hit[driver] += hit
				all_more[driver] += more
				printf "%-44s %6d %8d %7.1f%% %13.1f%%\n", file, lines, hit, \
					100 * hit / lines, 100 * more / lines
			}
			printf "\n%-44s %6s %8s %8s %14s %9s %8s\n", "Driver", "Lines", "Reached", \
				"", "with defects", "Branches", "Gone"
			for (driver in drivers)
				printf "%-44s %6d %8d %7.1f%% %13.1f%% %9d %7.1f%%\n", driver, \
					all[driver], all_hit[driver], \
					100 * all_hit[driver] / all[driver], \
					100 * all_more[driver] / all[driver], branches[driver], \
					branches[driver] ? 100 * gone[driver] / branches[driver] : 0
			printf "\nLines that nothing reached, with or without a defect\n"
			for (i = 0; i < n; i++)
				if (rest[names[i]] != "")
					printf "\n%s\n%s", names[i], rest[names[i]]
		}' "$@"
}

# coverage_defects: the tests that must notice a defect, on each of them; what was counted
# then is in defects.lines.
coverage_defects()
{
	case $opt_device in
	'' | mock | edu) ;;
	*) return 0 ;;
	esac
	step "$top/selftests/run_chapters.sh" --list >"$tmp/list" || return 2
	mutants_choose
	mutants_setup "$coverage_dir/with-defects"
	mutants_plan "$tmp/defects" "${mutants_shapes[0]}"
	say "each of $(wc -l <"$tmp/defects") defects"
	mutants_round || return 2
	coverage_lines "$mutants_dir"/counted/* >"$coverage_dir/defects.lines"
}

# driver_coverage: the whole of it; the exit code says whether it could be measured.
driver_coverage()
{
	local shape shapes drivers=(mtty mock edu) d

	if [ -n "$opt_device" ]; then
		[ -e "$top/configs/devices/$opt_device.conf" ] ||
			die "--driver-coverage takes the name of a profile: $(profile_names)"
		drivers=("$opt_device")
	fi
	have gcov || die "gcov is not installed: it comes with gcc"
	packages_ensure build guest
	kernel_source=$(step "$guest/kernel.sh" source) || exit 2
	step "$guest/kernel.sh" --fragment "$guest/gcov.config" build >"$tmp/kernel" || exit
	kernel_build=$(cat "$tmp/kernel")
	machine_choose
	gcov_wanted=1
	rundir_new coverage
	coverage_dir=$rundir
	rm -rf "$rundir/ktap"
	test_env=(VMIG_HAZARDS=1)

	for d in "${drivers[@]}"; do
		shapes=('')
		[ "$d" != mock ] || shapes=("${mutants_shapes[@]}")
		for shape in "${shapes[@]}"; do
			coverage_run "$d" "$shape" || return 2
			coverage_lines "$rundir" >>"$coverage_dir/suite.lines"
			[ -z "$interrupted" ] || return "$interrupted"
		done
	done
	: >"$coverage_dir/defects.lines"
	coverage_defects || return
	coverage_report "$coverage_dir/suite.lines" "$coverage_dir/defects.lines" \
		>"$coverage_dir/coverage.txt"
	rm -f "$coverage_dir"/*.lines
	sed '/^Lines that nothing/,$d' "$coverage_dir/coverage.txt"
	printf 'The lines that were not reached are in %s\n' "$coverage_dir/coverage.txt"
}
