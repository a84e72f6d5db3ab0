#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every clause of the catalogue is named by a test or has a reason why none can see it,
# and every test names clauses. A clause at level MUST rests on words of the kernel's source, which
# are still there.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

./run.sh --list >"$tmp/listed" 2>"$tmp/err"
tap $? "run.sh --list works without a device"
selftests/run_chapters.sh --list >"$tmp/list"
results/vmig-report --check-coverage "$tmp/list" >"$tmp/holes" 2>&1
rc=$?
tap_show "$tmp/holes"
tap $rc "each clause has a test or a reason, each test has a clause"

./run.sh --clauses >"$tmp/clauses" 2>"$tmp/err"
tap $? "run.sh --clauses works without a device"
while IFS=$'\t' read -r _ test _; do
	grep -qF "$test" "$tmp/listed" || echo "$test"
done <"$tmp/list" >"$tmp/unlisted"
tap_show "$tmp/unlisted"
[ ! -s "$tmp/unlisted" ]
tap $? "run.sh --list names each of the $(wc -l <"$tmp/list") tests"
sed -n 's/.*\t//p' "$tmp/list" | tr ' ' '\n' | sort -u | while read -r id; do
	grep -qw -- "$id" "$tmp/clauses" || echo "$id"
done >"$tmp/unlisted"
[ ! -s "$tmp/unlisted" ]
tap $? "run.sh --clauses names each clause that has a test"

# looked_up RC WHAT SENTENCE: whether looking up the sources on standard input in $ksrc ends so,
# and says this
looked_up()
{
	selftests/meta/clause_sources.py "$ksrc" >"$tmp/out" 2>&1
	if [ $? -eq "$1" ] && grep -qF -- "$3" "$tmp/out"; then
		tap 0 "$2"
	else
		tap_show "$tmp/out"
		tap 1 "$2"
	fi
}

results/vmig-report --clause-sources >"$tmp/sources"
tap_is "$(grep -c '^CLAUSE(' lib/spec/include/vmig/clauses.def)" \
	"$(cut -f 1 "$tmp/sources" | sort -u | wc -l)" "each clause is asked what it rests on"
while read -r series; do
	ksrc=$(KERNEL_SRC='' VMIG_KERNEL=$series configs/guest/kernel.sh source 2>"$tmp/err")
	[ -n "$ksrc" ] || tap_show "$tmp/err"
	looked_up 0 "what the clauses rest on is in the source of Linux $series, and no MUST rests on nothing" \
		" sources" <"$tmp/sources"
done < <(configs/guest/kernel.sh series)

# one_source RC WHAT SENTENCE FIELD...: the same of one source
one_source()
{
	local rc=$1 what=$2 sentence=$3

	shift 3
	(
		IFS=$'\t'
		echo "$*"
	) >"$tmp/one"
	looked_up "$rc" "$what" "$sentence" <"$tmp/one"
}
header=include/uapi/linux/vfio.h
words="The device must not generate interrupts, DMA, or any other change to external state."
core=drivers/vfio/vfio_main.c
code="if (!device->mig_ops) return -ENOTTY;"
where=vfio_ioctl_device_feature_migration
one_source 0 "words over two lines of a comment" "1 sources" QUI-02 MUST - $header - "$words"
one_source 1 "a word that is another one is noticed" "QUI-02: $header does not have these words" \
	QUI-02 MUST - $header - "${words/must/should}"
one_source 1 "so is it where the clause is no MUST" "does not have these words" \
	QUI-02 SHOULD - $header - "${words/must/should}"
one_source 1 "a file that there is not is noticed" "there is no $header.h" QUI-02 MUST - $header.h - "$words"
one_source 0 "a line of a function" "1 sources" DISC-03 MUST - $core $where "$code"
one_source 1 "a line that the function does not have is noticed" "$where() does not have" \
	DISC-03 MUST - $core $where "${code/mig/log}"
one_source 1 "a line of another function is" "vfio_df_open() does not have" DISC-03 MUST - $core vfio_df_open "$code"
one_source 1 "a function that there is not is" "vfio_df_shut() is not defined" DISC-03 MUST - $core vfio_df_shut "$code"
one_source 1 "a MUST that rests on nothing is" "DISC-03: a MUST that rests on nothing" DISC-03 MUST - - - -
one_source 0 "a SHOULD may be inferred" "0 sources" DISC-03 SHOULD - - - -
one_source 0 "what a later kernel has is not looked for" "0 sources" DISC-03 MUST 99.1 $header - "no such words"
tap_end
