#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make install`: the programs, the command `vmig`, its manual pages and its completion.
#
#   install.sh PREFIX [DESTDIR]     DESTDIR goes before each path that is written
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

prefix=${1:?install.sh: where to? PREFIX is missing}
root=${2:-}$prefix
[[ $prefix == /* ]] || {
	echo "make install: PREFIX=$prefix is no absolute path" >&2
	exit 2
}
package=configs/package

rm -rf "$root/lib/vmig"
make -s tree INSTALL_PATH="$root/lib/vmig" >/dev/null
mkdir -p "$root/bin"
sed "s,@LIBDIR@,$prefix/lib/vmig," $package/vmig >"$root/bin/vmig"
chmod 755 "$root/bin/vmig"
for page in vmig.1 vmig-profile.5; do
	mkdir -p "$root/share/man/man${page##*.}"
	$package/man.sh "${page%.*}" | gzip -9n >"$root/share/man/man${page##*.}/$page.gz"
done
install -D -m 644 $package/completion.bash "$root/share/bash-completion/completions/vmig"
$package/pages.sh "$root/share/doc/vmig"
echo "installed in $root: $prefix/bin/vmig"
