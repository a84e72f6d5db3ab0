#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # the tools are called through result()
# Style, as KTAP: one result a tool. Each is silent when it has nothing to say.
# VMIG_LINT=changed: only the style of the files that differ from the last commit.
set -u
cd "$(dirname "$0")/../.." || exit 2

ksrc=${KSRC:-$(configs/guest/kernel.sh --programs source)} || exit 2
khdr=${KHDR:-$(configs/guest/kernel.sh --programs headers)} || exit 2
# The oldest of the kernels that the profiles are written for.
oldest=$(configs/guest/kernel.sh series | tail -n 1)
oldest_ksrc=$(VMIG_KERNEL=$oldest configs/guest/kernel.sh source) || exit 2
oldest_khdr=$(VMIG_KERNEL=$oldest configs/guest/kernel.sh headers) || exit 2
mapfile -t c_files < <(git ls-files '*.c' '*.h')
mapfile -t sh_files < <(git ls-files '*.sh' run.sh .ci/run configs/guest/init)
number=0
failed=0

if [ "${VMIG_LINT:-}" = changed ]; then
	mapfile -t changed < <(git diff --name-only --diff-filter=d HEAD
		git ls-files --others --exclude-standard)
	mapfile -t c_files < <(printf '%s\n' "${changed[@]}" | grep '\.[ch]$')
	mapfile -t sh_files < <(printf '%s\n' "${changed[@]}" |
		grep -E '\.sh$|^run\.sh$|^\.ci/run$|^configs/guest/init$')
fi

# result NAME COMMAND...: ok if the command has no output and no error
result()
{
	local name=$1 out
	shift
	number=$((number + 1))
	if out=$("$@" 2>&1) && [ -z "$out" ]; then
		echo "ok $number lint: $name"
	else
		printf '%s\n' "$out" | head -n 40 | sed 's/^/# /'
		echo "not ok $number lint: $name"
		failed=1
	fi
}

format()
{
	[ ${#c_files[@]} -gt 0 ] || return 0
	clang-format --dry-run --Werror "${c_files[@]}"
}

# kmalloc_obj() and its like are not in the older kernels that the modules are built on.
checkpatch()
{
	[ ${#c_files[@]} -gt 0 ] || return 0
	perl "$ksrc/scripts/checkpatch.pl" --terse --show-types --no-summary \
		--ignore ALLOC_WITH_SIZEOF -f "${c_files[@]}"
}

# Without the kernel's headers it has nothing to say of a module; the compiler has, with
# -Wall -Wextra, when modules.sh builds them.
analysis()
{
	local f user=() macros

	# What it cannot find out without the headers of the harness.
	macros=('-Dvmig_test_error(...)=exit(1)' '-DVMIG_FIXTURE_FULL(...)=struct vmig_semicolon_'
		'-DVMIG_FIXTURE_OF(...)=struct vmig_semicolon_')
	for f in "${c_files[@]}"; do
		[[ $f == selftests/test_modules/* ]] || user+=("$f")
	done
	cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr \
		--std=c11 --suppress=missingIncludeSystem --suppress=unknownMacro \
		--suppress=readdirCalled -D__linux__ "${macros[@]}" "${user[@]}"
}

shell()
{
	[ ${#sh_files[@]} -gt 0 ] || return 0
	shellcheck -x "${sh_files[@]}"
}

# Every source file says its licence in its first two lines.
spdx()
{
	local f
	for f in "${c_files[@]}" "${sh_files[@]}" $(git ls-files '*Makefile' '*.mk' '*.def'); do
		head -n 2 "$f" | grep -q 'SPDX-License-Identifier: GPL-2.0-only' || echo "$f: no SPDX line"
	done
}

# Layers and folders use what their layers.mk grants them, and no two files call each other.
rooms()
{
	git grep -nE '#include "\.\./' -- '*.c' '*.h'
	make -s -C selftests rooms KSRC="$ksrc" KHDR="$khdr"
	make -s -C results rooms
}

# The library neither prints nor exits: what it cannot do is told to the program by vmig_fail(),
# whose default, in error.c, is abort(). To a FILE that the caller gives it may write.
silent_library()
{
	local words='exit|_exit|quick_exit|abort|v?printf|__v?printf_chk|puts|putchar'

	words+='|perror|stdout|stderr|v?errx?|v?warnx?|__assert_fail|syslog'
	nm -A -g --undefined-only selftests/obj/lib/*.a | grep -E " U ($words)\$" |
		grep -v '/base\.a:error\.o: *U abort$' || :
}

# Public functions and structures are described, in full.
kernel_doc()
{
	local files

	mapfile -t files < <(git ls-files 'lib/*.[ch]' 'selftests/*.[ch]' 'results/*.[ch]' |
		grep -v '^results/tests/\|^lib/tests/')
	perl "$ksrc/scripts/kernel-doc" -none -Wall -Werror "${files[@]}"
}

# The pages: links, paths, length of README.md.
pages()
{
	selftests/meta/pages.py
}

pages_self_test()
{
	selftests/meta/pages.py --self-test
}

# What the harness makes a test or a variant of, and --list would not know, see test_list.h.
listed()
{
	git grep -nE '\<(TEST|TEST_SIGNAL|TEST_F_SIGNAL|TEST_F_TIMEOUT|FIXTURE_VARIANT_ADD)\(' -- \
		selftests/tests selftests/helpers || :
}

# compiles KSRC KHDR: every chapter, against the harness and the headers of a kernel
compiles()
{
	make -s -k -j"$(nproc)" -C selftests syntax KSRC="$1" KHDR="$2"
}

result "clang-format" format
result "checkpatch" checkpatch
result "shellcheck" shell
result "SPDX lines" spdx
if [ "${VMIG_LINT:-}" = changed ]; then
	echo "1..$number"
	exit "$failed"
fi
result "cppcheck" analysis
result "layers and folders" rooms
result "the library neither prints nor exits" silent_library
result "kernel-doc" kernel_doc
result "the pages name what there is" pages
result "each kind of fault in a page is found" pages_self_test
result "every test is in the suite's list" listed
result "the chapters compile against the kernel that they are built with" compiles "$ksrc" "$khdr"
result "the chapters compile against Linux $oldest" compiles "$oldest_ksrc" "$oldest_khdr"
echo "1..$number"
exit "$failed"
