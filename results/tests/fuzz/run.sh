#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the fuzz targets, as KTAP: whatever a broken guest prints, the readers of its files
# stay sane. Built with libFuzzer, the address and the undefined behaviour sanitizers.
#
#   run.sh [SECONDS [TARGET]...]    default: 10 seconds for each target
#
# FUZZ_SEED and FUZZ_RUNS bound the inputs; with the same values the same ones are tried, as
# far as the time goes. What is found is kept in build/fuzz/found, and the line that repeats
# it is printed.
set -u
cd "$(dirname "$0")" || exit 2
here=$PWD
results=$(cd ../.. && pwd)
# shellcheck source=selftests/meta/tap.sh
. "$results/../selftests/meta/tap.sh"

seconds=${1:-10}
[[ $seconds =~ ^[0-9]{1,6}$ ]] || {
	echo "run.sh: give the seconds for each target" >&2
	exit 2
}
shift $(($# > 0))
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
	for f in fuzz_*.c; do
		f=${f#fuzz_}
		targets+=("${f%.c}")
	done
fi

build=$results/build/fuzz
found=$build/found
log=$build/log
mkdir -p "$build" "$found" "$log" || exit 2

# What the tests have already is a good start. It lies in other forms where it is used, and
# is made anew each time.
corpus()
{
	local t=$results/tests dir d f n=0

	rm -rf "$build/seeds"
	for f in "${targets[@]}"; do
		mkdir -p "$build/seeds/$f" "$build/corpus/$f"
	done
	for d in "$t"/golden/[0-9]*/run; do
		n=$((n + 1))
		for f in "$d"/ktap/*.ktap; do
			[ ! -e "$f" ] || tee >(seed scan "$n-${f##*/}") <"$f" | seed ktap "$n-${f##*/}"
		done
		[ ! -e "$d/dmesg.txt" ] || seed kmsg "$n" <"$d/dmesg.txt"
		[ ! -e "$d/run.json" ] || { printf r && cat "$d/run.json"; } | seed record "$n-run"
		[ ! -e "$d/environment.json" ] ||
			{ printf e && cat "$d/environment.json"; } | seed record "$n-environment"
		[ ! -e "$d/profile.conf" ] || seed profile "$n" <"$d/profile.conf"
		[ ! -e "$d/profile.conf" ] || seed known "$n" <"$d/profile.conf"
		parts "$d" | seed report "$n"
	done
	for dir in "$t"/mutants/*/run; do
		mutants "$dir" | seed mutants "$(basename "$(dirname "$dir")")"
	done
	printf 'VMIGDONE\0\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7' | seed streamfile a
	{
		printf w
		cat "$results/../configs/waivers/"*.conf 2>/dev/null
		printf 'waiver: RES-07 | hostile.*.x | mtty | 6.7-6.12 | 2027-03-31 | %s | agreed\n' \
			https://lore.kernel.org/r/1
	} | seed waiver waivers
	{ printf m && head -c 8000 "$results"/../configs/mustpass/[0-9]*.txt; } | seed waiver list
	small_bundle | seed bundle a
	small_bundle | zstd -q | seed bundle b
	printf 'fd\tfd.cloexec\t2\tFD-01\nfd\tfd.odd\t1\tFD-02 NO-01\nx\tx.y\t0\t\n' | seed list a
}

# seed TARGET NAME: from standard input, unless that target is not asked for.
seed()
{
	if [ -d "$build/seeds/$1" ]; then
		cat >"$build/seeds/$1/$2"
	else
		cat >/dev/null
	fi
}

# parts DIR: a run directory as one input.
parts()
{
	(
		cd "$1" || exit
		for f in ktap/*.ktap dmesg.txt run.json environment.json profile.conf tests.tsv; do
			[ ! -e "$f" ] || { echo "=== $f" && cat "$f"; }
		done
	)
}

# small_bundle: an archive as run.sh --qualify packs it, of a few short files.
small_bundle()
{
	local d

	d=$(mktemp -d)
	mkdir -p "$d/round-1/ktap"
	(
		cd "$d" || exit
		echo x | tee a binaries.sha256 kernel.config modules.sha256 mustpass.txt waivers.conf \
			round-1/{dmesg.txt,environment.json,run.json,tests.tsv,results.json,ktap/fd.ktap} \
			>/dev/null
		find . -type f -printf '%P\n' | LC_ALL=C sort >list
		xargs sha256sum <list >manifest
		echo manifest >>list
		LC_ALL=C sort list | tar --format=ustar --no-recursion --mtime=@0 --owner=0 --group=0 \
			--numeric-owner --mode=0644 -cf - -T -
	)
	rm -rf "$d"
}

# mutants DIR: the same for what run.sh --mutants leaves, under the names of the target.
mutants()
{
	local e f

	echo "=== defects.txt"
	printf 'stale_after_stop\n'
	for e in conforming/mock-all:conforming defects/stale_after_stop/mock-all:defects/stale_after_stop; do
		for f in "$1/${e%:*}"/ktap/*.ktap "$1/${e%:*}"/{dmesg.txt,error}; do
			[ -e "$f" ] || continue
			case $f in
			*.ktap) echo "=== ${e#*:}/a/ktap/x.ktap" ;;
			*) echo "=== ${e#*:}/a/${f##*/}" ;;
			esac
			cat "$f"
		done
	done
}

# dictionary TARGET: of the words of that format, and of those that are in its files.
dictionary()
{
	case $1 in
	record) cat json.dict ;;
	known) cat profile.dict ;;
	scan) cat ktap.dict ;;
	mutants) cat mutants.dict ktap.dict ;;
	report) cat report.dict ktap.dict kmsg.dict json.dict profile.dict ;;
	*) cat "$1.dict" ;;
	esac
}

# libFuzzer names what it finds by its kind (crash-, timeout-, oom-, leak-) and a checksum.
fuzz()
{
	local name=$1 rc=0 left time=$seconds

	# Writes four files twice, and reads them: a hundred times slower than the rest.
	[ "$name" != report ] || time=$((4 * seconds))
	dictionary "$name" >"$build/$name.dict"
	rm -f "$found/$name-"*
	ASAN_OPTIONS=malloc_context_size=6 timeout -k 10 $((time + 120)) nice "$build/fuzz_$name" -seed="${FUZZ_SEED:-1}" \
		-runs="${FUZZ_RUNS:-2000000}" -max_total_time="$time" -timeout=20 \
		-rss_limit_mb=1024 -max_len=16384 -print_final_stats=1 \
		-dict="$build/$name.dict" -artifact_prefix="$found/$name-" \
		"$build/corpus/$name" "$build/seeds/$name" "$here/regress" >"$log/$name" 2>&1 || rc=$?
	for left in "$found/$name-"*; do
		[ -e "$left" ] || continue
		rc=1
		grep -E -m 3 'ERROR:|SUMMARY:|fuzz: |runtime error:' "$log/$name" | sed 's/^/# /'
		echo "# repeat it: ${build}/fuzz_$name $left"
	done
	[ $rc -eq 0 ] || echo "# all that was said is in $log/$name"
	tap $rc "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log/$name") inputs"
}

echo "TAP version 13"
if ! command -v clang >/dev/null || ! clang -fsanitize=fuzzer,address -x c - -o "$build/can" \
	>"$log/can" 2>&1 <<<'#include <expat.h>
	int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }'; then
	tap_show "$log/can"
	tap 1 "the fuzz targets are built, with clang, libclang-rt-dev and libexpat1-dev"
	tap_end
fi
if ! nice "${MAKE:-make}" -s -C "$results" BUILD="$build" CC=clang \
	CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all" \
	"${targets[@]/#/$build/fuzz_}" >"$log/build" 2>&1; then
	tap_show "$log/build"
	tap 1 "the fuzz targets are built"
	tap_end
fi
corpus
for target in "${targets[@]}"; do
	fuzz "$target"
done
tap_end
