#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What `make gen_tar`, `make install` and `make deb` make works where there is no compiler and no
# source, and leaves nothing behind when it goes.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

make -s gen_tar TAR_PATH="$tmp/vmig.tar.gz" >"$tmp/out" 2>&1
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/out"
tap $rc "make gen_tar"
tar -C "$tmp" -xzf "$tmp/vmig.tar.gz"
tap $? "the tarball unpacks"

make -s install PREFIX="$tmp/prefix" >"$tmp/out" 2>&1
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/out"
tap $rc "make install"
make -s install PREFIX=here >"$tmp/out" 2>&1
tap $((!$?)) "make install into a prefix that is no absolute path is refused"
"$tmp/prefix/bin/vmig" --help >"$tmp/help" 2>&1
head -n 1 "$tmp/help" | grep -qx 'Usage: vmig \[OPTION\]...'
tap $? "the installed command says how it is called"
"$tmp/prefix/bin/vmig" --nothing >"$tmp/out" 2>&1
tap_is "vmig: unknown option '--nothing': see vmig --help" "$(cat "$tmp/out")" \
	"and so do its messages"
tap_is "" "$(grep -rn --include=*.sh '^[^#]*\./run\.sh' "$tmp/prefix/lib/vmig/"{configs/{guest,host,run},selftests} |
	grep -v 'VMIG_COMMAND:-\./run\.sh')" "none of them names ./run.sh, whatever the command is called"
grep -q 'default:$' "$tmp/help" && grep -A 1 'default:$' "$tmp/help" | grep -q /var/lib/vmig
tap $? "its results go to /var/lib/vmig, not to where it is installed"

# The manual pages are made from what the programs say: nothing is missing in them.
gunzip -c "$tmp/prefix/share/man/man1/vmig.1.gz" | sed 's/\\-/-/g' >"$tmp/vmig.1"
missing=$(grep -oE '^  (-[a-zA-Z], )?--?[a-z][a-z0-9-]*' "$tmp/help" | tr -d ',' | tr ' ' '\n' | grep . |
	sort -u | while read -r option; do
	grep -qE -- "^(\\\\fB[^ ]*\\\\fR, )?\\\\fB$option\\\\fR" "$tmp/vmig.1" || echo "$option"
done)
tap_is "" "$missing" "vmig(1) has each option of --help"
gunzip -c "$tmp/prefix/share/man/man5/vmig-profile.5.gz" >"$tmp/vmig-profile.5"
missing=$(results/vmig-report --profile-keys | cut -f 1 | while read -r key; do
	grep -qxF -- ".B $key" "$tmp/vmig-profile.5" || echo "$key"
done)
tap_is "" "$missing" "vmig-profile(5) has each key"
date=$(LC_ALL=C date -u -d "@$(git log -1 --format=%ct)" "+%B %Y")
tap_is 2 "$(cat "$tmp/vmig.1" "$tmp/vmig-profile.5" | grep -c "^\.TH .* \"$date\" ")" \
	"their date is that of the commit"
tap_is 1 "$(SOURCE_DATE_EPOCH=0 configs/package/man.sh vmig | grep -c '^\.TH .* "January 1970" ')" \
	"or the one that a package asks for"

# complete WORD...: what is offered after these words, the last one begun
complete_words()
{
	bash -c '. "$1"; shift; PATH=$1:$PATH; shift; COMP_WORDS=(vmig "$@"); COMP_CWORD=$#
		_vmig; printf "%s\n" "${COMPREPLY[@]}"' - configs/package/completion.bash \
		"$tmp/prefix/bin" "$@"
}
tap_is "--debug-kernel" "$(complete_words --debug-k)" "completion of an option"
tap_is "mtty" "$(complete_words -d mt)" "completion of a driver"

mkdir "$tmp/deb"
make -s deb DEB_PATH="$tmp/deb" >"$tmp/out" 2>&1
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/out"
tap $rc "make deb"
lintian --allow-root "$tmp"/deb/*.deb >"$tmp/out" 2>&1
[ ! -s "$tmp/out" ]
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/out"
tap $rc "lintian has nothing to say"
mkdir -p "$tmp/root/var/lib/dpkg/info" "$tmp/root/var/lib/dpkg/updates"
touch "$tmp/root/var/lib/dpkg/status"
dpkg --root="$tmp/root" --force-depends -i "$tmp"/deb/*.deb >"$tmp/out" 2>&1 &&
	[ -x "$tmp/root/usr/bin/vmig" ]
tap $? "the package goes into an empty root"
dpkg --root="$tmp/root" -r vmig >"$tmp/out" 2>&1
tap_is "" "$(find "$tmp/root" -path "$tmp/root/var" -prune -o -type f -print)" \
	"and leaves nothing when it is removed"

cd "$tmp/vmig" || exit 1

# All commands but the compiler and make.
path_without "$tmp/bin" "gcc*" cc make "x86_64-linux-gnu-*" "*-gcc*" "clang*"
export PATH=$tmp/bin

./run.sh --no-install --list >"$tmp/list" 2>"$tmp/err"
tap $? "run.sh --list without a compiler"
./run.sh --no-install --clauses >"$tmp/clauses" 2>"$tmp/err"
tap $? "run.sh --clauses without a compiler"
./run.sh --no-install -d 0000:ff:1f.7 >/dev/null 2>"$tmp/err"
tap_is 2 $? "hardware mode without a compiler refuses a device that is not there"
grep -q "no device" "$tmp/err"
tap $? "with a sentence"
./run_kselftest.sh -l >"$tmp/tests" 2>&1
tap_is "$(wc -w <<<"$(sed 's/#.*//' selftests/chapters)")" "$(grep -c '^selftests:vmig_' "$tmp/tests")" \
	"run_kselftest.sh lists the chapters"
# No device: each chapter is skipped, through the kernel's own runner.
./run_kselftest.sh -t selftests:vmig_fsm >"$tmp/ksft" 2>&1
grep -q '^ok 1 selftests: selftests: vmig_fsm # SKIP' "$tmp/ksft"
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/ksft"
tap $rc "run_kselftest.sh runs a chapter, which skips without a device"
tap_end
