# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The Debian packages that vmig needs, and what shows that each is there. Other
# distributions have the same things under other names, so what counts is the probe:
# a command, a file (with a slash), or a function of this file (with brackets).

# What for, package, probe. `build`: library, tests and report; `guest`: the kernel
# and QEMU; `nightly`: the plots; `bundle`: --qualify and --verify; `aarch64`: guests of that
# machine; `check`: `make check` on top of build, guest, nightly and bundle.
packages_list()
{
	cat <<-'EOF'
	build gcc               gcc
	build make              make
	build libc6-dev         static_libc()
	build libjansson-dev    /usr/include/jansson.h
	build libsqlite3-dev    /usr/include/sqlite3.h
	build liburing-dev      /usr/include/liburing.h
	build liblzma-dev       /usr/include/lzma.h
	build libmd-dev         /usr/include/sha256.h
	build libarchive-dev    /usr/include/archive.h
	build libzstd-dev       /usr/include/zstd.h
	build r-mathlib         /usr/include/Rmath.h
	build xz-utils          xz
	bundle openssh-client   ssh-keygen
	guest flex              flex
	guest bison             bison
	guest bc                bc
	guest libelf-dev        /usr/include/libelf.h
	guest qemu-system-x86   qemu-system-x86_64
	guest busybox-static    busybox_static()
	guest cpio              cpio
	guest graphviz          dot
	guest gcc-multilib      static_libc_32()
	aarch64 gcc-aarch64-linux-gnu  aarch64-linux-gnu-gcc
	aarch64 libc6-dev-arm64-cross  static_libc_aarch64()
	aarch64 qemu-system-arm        qemu-system-aarch64
	check python3           python3
	check shellcheck        shellcheck
	check cppcheck          cppcheck
	check clang-format      clang-format
	check clang             clang
	check libclang-rt-dev   libfuzzer()
	check libexpat1-dev     /usr/include/expat.h
	guest patch             patch
	nightly gnuplot-nox     gnuplot
	check gnuplot-nox       gnuplot
	check sqlite3           sqlite3
	check zstd              zstd
	check python3-yaml      python3_yaml()
	check python3-jsonschema python3_jsonschema()
	check git               git
	check rsync             rsync
	check help2man          help2man
	check debhelper         dh
	check dpkg-dev          dpkg-buildpackage
	check lintian           lintian
	check perl              perl
	EOF
}

static_libc()
{
	[ -e "$(gcc -print-file-name=libc.a 2>/dev/null)" ]
}

# For the half of FEAT-16 that is a 32-bit program; not where there are none.
static_libc_32()
{
	[ "$(uname -m)" != x86_64 ] ||
		gcc -m32 -static -x c - -o /dev/null <<<'int main(void) { return 0; }' 2>/dev/null
}

static_libc_aarch64()
{
	[ "$(uname -m)" = aarch64 ] ||
		[ -e "$(aarch64-linux-gnu-gcc -print-file-name=libc.a 2>/dev/null)" ]
}

# libFuzzer and the sanitizers, of whatever version clang has.
libfuzzer()
{
	! have clang || clang -fsanitize=fuzzer,address,undefined -x c - -o /dev/null 2>/dev/null \
		<<<'int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }'
}

# python3_path MODULE...: an interpreter that has these modules. Debian's packages are of
# /usr/bin/python3, and the first one of PATH may be another.
python3_path()
{
	local p modules

	modules=$(printf 'import %s\n' "$@")
	for p in /usr/bin/python3 $(type -ap python3); do
		if "$p" -c "$modules" 2>/dev/null; then
			printf '%s\n' "$p"
			return 0
		fi
	done
	return 1
}

python3_yaml()
{
	python3_path yaml >/dev/null
}

python3_jsonschema()
{
	python3_path jsonschema >/dev/null
}

# busybox_path: a busybox that needs no shared library, for the initramfs.
busybox_path()
{
	local b

	for b in "${VMIG_BUSYBOX:-}" /bin/busybox /usr/bin/busybox /sbin/busybox; do
		# An ELF file that needs a dynamic loader names it right after its headers.
		if [ -n "$b" ] && [ -x "$b" ] && ! head -c 4096 "$b" | grep -q '/ld-'; then
			printf '%s\n' "$b"
			return 0
		fi
	done
	return 1
}

busybox_static()
{
	busybox_path >/dev/null
}

# packages_missing GROUP...: names of the packages of these groups that are not there.
packages_missing()
{
	local group package probe

	while read -r group package probe; do
		[[ " $* " == *" $group "* ]] || continue
		case $probe in
		*'()') "${probe%'()'}" || printf '%s\n' "$package" ;;
		*/*) [ -e "$probe" ] || printf '%s\n' "$package" ;;
		*) command -v "$probe" >/dev/null 2>&1 || printf '%s\n' "$package" ;;
		esac
	done < <(packages_list)
}

# packages_ensure GROUP...: installs what is missing if it may, else dies with the line
# that does.
packages_ensure()
{
	local missing log

	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ -n "${opt_no_install:-}" ] || [ "$(id -u)" != 0 ] || ! have apt-get; then
		die "not installed: ${missing[*]}; run: sudo apt-get install -y" \
			"--no-install-recommends ${missing[*]}"
	fi
	say "installing ${missing[*]}"
	log=$(mktemp)
	# Package lists that are missing or old show as a failure of the first try.
	if ! packages_install "$log" "${missing[@]}"; then
		apt-get update >>"$log" 2>&1 </dev/null || :
		if ! packages_install "$log" "${missing[@]}"; then
			tail -n 5 "$log" >&2
			rm -f "$log"
			die "apt-get could not install ${missing[*]}: see above"
		fi
	fi
	rm -f "$log"
	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -eq 0 ] || die "installed, and still not found: ${missing[*]}"
}

packages_install()
{
	local log=$1

	shift
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" \
		>>"$log" 2>&1 </dev/null
}
