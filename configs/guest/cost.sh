# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Cost by instruction: the guest that measures runs in a QEMU that counts the instructions of what
# the tests time, by a plugin (cost/cost.c); what it has counted gets the names of functions here and
# becomes cost.tsv of the run, which the report reads.
# Sourced by run.sh, which sets top, tmp, rundir and clock, after clock.sh.
# shellcheck disable=SC2154

# cost_choose: sets cost to the plugin, or to nothing, and cost_why to why there is none.
cost_choose()
{
	cost='' cost_why=''
	# A bundle holds what its verdict rests on, which this is not.
	[ "$opt_action" != qualify ] || return 0
	if [ "$mode" = host ]; then
		cost_why="a device of this host was tested, and no guest whose instructions could be counted"
	elif [ "$guest_arch" != x86_64 ]; then
		cost_why="the marks around what is timed are instructions of x86-64"
	elif [ "$clock" != virtual ]; then
		cost_why="the clock of the guest was real, and did not count instructions"
	elif ! "${CC:-cc}" -O2 -fPIC -shared -fvisibility=hidden -I"$top/selftests/tests/perf" \
		-o "$tmp/cost.so" "$guest/cost/cost.c" >/dev/null 2>&1; then
		cost_why="the plugin of QEMU that counts could not be built"
	elif ! printf 'quit\n' | timeout 20 "qemu-system-$guest_arch" -M none -S -nodefaults \
		-display none -monitor stdio -plugin "$tmp/cost.so,out=/dev/null" >/dev/null 2>&1; then
		cost_why="this QEMU does not load the plugin that counts"
	else
		cost=$tmp/cost.so
	fi
}

# cost_qemu: arguments of QEMU, one a line, for a guest in the clock of what is measured.
cost_qemu()
{
	rm -f "$tmp/cost.raw"
	[ -z "$cost" ] ||
		printf '%s\n' -plugin "${cost//,/,,},out=${tmp//,/,,}/cost.raw"
}

# cost_none WHY: why this run has none, for the report.
cost_none()
{
	printf 'vmig-cost 1\nnone\t%s\nend\n' "$1"
}

# cost_unless: the same, in $rundir, where there could have been none.
cost_unless()
{
	[ -z "$cost_why" ] || [ -e "$rundir/cost.tsv" ] || cost_none "$cost_why" >"$rundir/cost.tsv"
}

# cost_names RAW SYMBOLS: what was counted, by module and function. SYMBOLS is /proc/kallsyms.
# A module's line tells what it was counted for: that of its own functions, or of the kernel's
# that it called. Fields are parted by tabs:
#
#	phase NAME TIMES INSTRUCTIONS
#	count NAME CALLER MODULE FUNCTION INSTRUCTIONS
#
# FUNCTION+rep is a copy or a memset() within it. CALLER and MODULE are `-' for none and for the kernel; in user space MODULE is `user'.
cost_names()
{
	# Addresses have 16 digits each, so that their order is that of their letters.
	{
		awk '$1 == "count" || $1 == "string" { print $3; print $4 }' "$1" | sort -u | sed 's/$/ ~/'
		awk '$2 ~ /[tTwW]/ { gsub(/[][]/, "", $4); print $1, $3, ($4 == "" ? "-" : $4) }' "$2"
	} | sort -k 1,1 -k 2,2 | awk -v OFS='\t' -v raw="$1" '
		$2 != "~" { symbol = $2; module = $3; next }
		{ function_of[$1] = symbol; module_of[$1] = module }
		END {
			zero = "0000000000000000"
			function_of[zero] = "-"
			# The digit before each line is its place, and goes when they are sorted.
			while ((getline <raw) > 0) {
				if ($1 == "vmig-cost")
					print 0, $0
				if ($1 == "end")
					print 3, $0
				if ($1 == "phase") {
					name[$2] = $5
					print 1, "phase", $5, $3, $4
				}
				if ($1 != "count" && $1 != "string")
					continue
				module = $4 == zero ? "user" : module_of[$4]
				caller = $3 == zero ? "-" : module_of[$3]
				n[name[$2] OFS caller OFS module OFS function_of[$4] ($1 == "string" && $4 != zero ? "+rep" : "")] += $5
			}
			for (k in n)
				printf "2\tcount\t%s\t%.0f\n", k, n[k]
		}' | sort | cut -f 2-
}

# cost_end: the guest that measures has ended: what it has counted becomes cost.tsv.
cost_end()
{
	local symbols=$rundir/.job/symbols

	[ -n "$cost$cost_why" ] || return 0
	if [ -z "$cost" ]; then
		cost_none "$cost_why"
	elif [ ! -s "$tmp/cost.raw" ]; then
		cost_none "QEMU was ended before it had written what it had counted"
	elif [ ! -s "$symbols" ]; then
		cost_none "the guest did not say where its functions lie (/proc/kallsyms)"
	else
		cost_names "$tmp/cost.raw" "$symbols"
	fi >"$rundir/cost.tsv"
}
