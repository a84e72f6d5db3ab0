#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Cost by instruction: what is counted is what the clock says, one more memcpy() of a driver shows as
# copying with the right number, and what is missing costs a sentence.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
globs='throughput.*.arcs throughput.*.save'

# run NAME [OPTION]...: measures mock into $tmp/NAME.
run()
{
	local name=$1 rc

	shift
	timeout 900 ./run.sh -q -o "$tmp/$name" -d mock -t "$globs" "$@" >"$tmp/out" 2>&1 </dev/null
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/out"
	tap_is 0 $rc "$name: exit code"
}

# cost_of NAME CODE: prints what CODE prints of `cost', that of results.json.
cost_of()
{
	python3 -c "
import json, sys
cost = json.load(open(sys.argv[1]))['cost']
phases = {p['name']: p for p in cost['phases'] if p['rounds']}
def mib(p, c):
    return p['classes'][c] / p['bytes'] * 2 ** 20
$2" "$tmp/$1/latest/results.json"
}

# The reference driver with one more memcpy() of all that is read; its modules go to $more.
copying_driver()
{
	local build built dir=$tmp/src/selftests/test_modules

	build=$(./run.sh --kernel-build-dir) &&
		built=$(configs/guest/modules.sh "$(configs/guest/kernel.sh source)" "$build") || return
	mkdir "$tmp/src" && cp -r "$built/src/." "$tmp/src" || return
	sed -i 's/^size_t ref_copy_out(/static char twin[1 << 20];\n&/
		s/^\t\tbad = copy_to_user(to, from, n);/\t\tmemcpy(twin, from, min(n, sizeof(twin)));\n\t\tbarrier_data(twin);\n&/' \
		"$dir/ref/copy.c"
	[ "$(grep -c '\<twin\>' "$dir/ref/copy.c")" -eq 3 ] || return
	sed -i 's/ vfio_mig_edu.o$//' "$dir/Makefile"
	find "$dir" -name '*.ko' -delete
	make -s -C "$build" M="$dir" FIRMWARE= modules >"$tmp/make" 2>&1 || return
	more=(--ko "$dir/vfio_mig_ref.ko" --ko "$dir/vfio_mig_mock.ko")
}

run plain
tap_is "" "$(cost_of plain '
for name, p in phases.items():
    if abs(p["nanoseconds"] - p["instructions"]) > 0.02 * p["nanoseconds"]:
        print(name, p["nanoseconds"], p["instructions"])')" \
	"instructions and clock agree within 2 %, and nothing waits"
tap_is "True True" "$(cost_of plain '
print("arc.RUNNING.RUNNING_P2P.us" in phases,
      all(p["classes"]["driver"] and p["classes"]["vfio"] for n, p in phases.items() if n.startswith("arc.")))')" \
	"each arc has a part in the driver and one in the core"
grep -q 'class="cost bars"' "$tmp/plain/latest/report.html"
tap $? "the report has the picture"

more=()
copying_driver
tap $? "the driver with one more memcpy() is built"
run copying "${more[@]}"
# The compiler makes REP MOVSB of it, and a turn of that is an instruction.
before=$(cost_of plain 'print(mib(phases["save.plain_1m.us"], "copying"))')
after=$(cost_of copying 'print(mib(phases["save.plain_1m.us"], "copying"))')
echo "# copying for each MiB: $before, with one more memcpy() $after"
awk -v a="$before" -v b="$after" 'BEGIN { e = 2 ^ 20; exit !(b - a > 0.95 * e && b - a < 1.1 * e) }'
tap $? "one more memcpy() shows as copying, an instruction for each byte"

VMIG_CLOCK=real run real
tap_is "the clock of the guest was real, and did not count instructions" \
	"$(cost_of real 'print(cost["none"])')" "in real time there is a sentence"
grep -q 'There is none: the clock of the guest was real' "$tmp/real/latest/report.html"
tap $? "the report has it, too"

# What a guest did not say, and what QEMU did not write.
(
	# shellcheck source=configs/guest/cost.sh
	. configs/guest/cost.sh
	# shellcheck disable=SC2034 # read by what is called
	{
		cost=x cost_why='' rundir=$tmp/run
	}
	mkdir -p "$rundir/.job"
	cost_end
	grep none "$rundir/cost.tsv"
	{
		printf 'vmig-cost 1\nphase 0 1 9 a.us\n'
		printf 'count 0 %016x ffffffff81000010 5\nstring 0 %016x ffffffff81000020 4\nend\n' 0 0
	} >"$tmp/cost.raw"
	cost_end
	grep none "$rundir/cost.tsv"
	printf 'ffffffff81000000 T memcpy\nffffffff81000020 t f\t[m]\n' >"$rundir/.job/symbols"
	cost_end
	cat "$rundir/cost.tsv"
) >"$tmp/out" 2>&1
tap_is "none	QEMU was ended before it had written what it had counted
none	the guest did not say where its functions lie (/proc/kallsyms)
vmig-cost 1
phase	a.us	1	9
count	a.us	-	-	memcpy	5
count	a.us	-	m	f+rep	4
end" "$(cat "$tmp/out")" "what is missing costs a sentence, and what is there gets its names"
tap_end
