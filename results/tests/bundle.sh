#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How a bundle is packed, as KTAP: what vmig-report writes is what tar writes, what tar and
# zstd wrote is read, and there is no second form of it.
#
#   bundle.sh REPORT     the report tool
set -u
report=$(realpath "${1:?bundle.sh: where is vmig-report?}")
# shellcheck source=selftests/meta/tap.sh
. "$(dirname "$0")/../../selftests/meta/tap.sh"
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
d=$tmp/in

# archive OPTION...: the files on standard input, as run.sh packed them before vmig-report did.
archive()
{
	tar -C "$d" --format=ustar --no-recursion --mtime=@0 --owner=0 --group=0 --numeric-owner \
		--mode=0644 "$@" -cf - -T -
}

# accepted WHAT FILE
accepted()
{
	"$report" --bundle-file "$2" kernel.config >"$tmp/out" 2>"$tmp/err"
	tap_is "CONFIG_VFIO=y" "$(cat "$tmp/out" "$tmp/err")" "$1"
}

# refused WHAT PATTERN FILE
refused()
{
	local rc

	timeout 60 "$report" --bundle-file "$3" kernel.config >"$tmp/out" 2>"$tmp/err"
	rc=$?
	[ $rc -eq 2 ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] && [ ! -s "$tmp/out" ] &&
		grep -q "^vmig-report: the bundle is refused: .*$2" "$tmp/err"
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/err"
	tap $rc "$1"
}

# not_written WHAT PATTERN
not_written()
{
	local rc

	"$report" --bundle-write "$d" 2>"$tmp/err"
	rc=$?
	[ $rc -eq 2 ] && [ ! -e "$d/bundle.tar.zst" ] && grep -q "$2" "$tmp/err"
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/err"
	tap $rc "$1"
}

# A qualification, and what lies beside its files and goes into no bundle.
mkdir -p "$d/round-1/ktap" "$d/round-1/streams"
echo "CONFIG_VFIO=y" >"$d/kernel.config"
: >"$d/modules.sha256"
for f in binaries.sha256 mustpass.txt waivers.conf \
	round-1/{dmesg.txt,environment.json,run.json,tests.tsv,results.json,ktap/fd.ktap}; do
	echo "$f" >"$d/$f"
done
head -c 512 /dev/zero >"$d/round-1/ktap/fsm.ktap"
(cd "$d" && find . -type f -printf '%P\n' | LC_ALL=C sort) >"$tmp/files"
touch "$d/round-1/"{console.log,report.txt,report.html,junit.xml,streams/x,.results.json.part}
ln -s /etc/passwd "$d/round-1/ktap/link.ktap"

not_written "a directory without a manifest" "manifest is missing"
"$report" --bundle-manifest "$d" && (cd "$d" && xargs sha256sum) <"$tmp/files" >"$tmp/manifest"
tap_is "" "$(diff "$tmp/manifest" "$d/manifest")" "the manifest is what sha256sum prints"
echo signature >"$d/manifest.sig"
printf '%s\n' manifest manifest.sig >>"$tmp/files"
LC_ALL=C sort -o "$tmp/files" "$tmp/files"
"$report" --bundle-write "$d"
tap_is 0 $? "a bundle is written"
archive <"$tmp/files" >"$tmp/tar"
zstd -dcq "$d/bundle.tar.zst" | cmp - "$tmp/tar" >"$tmp/out" 2>&1
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/out"
tap $rc "its archive is what tar writes"
accepted "it is read" "$d/bundle.tar.zst"
accepted "so is its archive" "$tmp/tar"
zstd -q -19 -T1 -f "$tmp/tar" -o "$tmp/zst"
accepted "a bundle by tar and zstd" "$tmp/zst"
"$report" --bundle-file - kernel.config <"$tmp/zst" >"$tmp/out" 2>&1
tap_is "CONFIG_VFIO=y" "$(cat "$tmp/out")" "the same from standard input"
"$report" --bundle-write "$d"
mv "$d/bundle.tar.zst" "$tmp/again"
"$report" --bundle-write "$d" && cmp -s "$tmp/again" "$d/bundle.tar.zst"
tap $? "the same files are the same bundle"
rm "$d/bundle.tar.zst"

# One frame, and nothing else.
zst=$tmp/zst bad=$tmp/bad size=$(stat -c %s "$tmp/zst")
# A frame to be skipped, of four bytes.
skippable()
{
	printf '\x50\x2a\x4d\x18\x04\x00\x00\x00vmig'
}
echo nonsense >"$bad" && refused "nonsense" "not made by zstd" "$bad"
refused "an empty file" "not made by zstd" /dev/null
head -c $((size / 2)) "$zst" >"$bad" && refused "half a frame" "is cut short" "$bad"
head -c $((size - 1)) "$zst" >"$bad" && refused "a frame without its last byte" "is cut short" "$bad"
{ cat "$zst" && echo; } >"$bad" && refused "a byte behind the frame" "behind its end" "$bad"
{ cat "$zst" && zstd -q </dev/null; } >"$bad" && refused "an empty frame behind it" "behind its end" "$bad"
{ head -c 512 "$tmp/tar" | zstd -q && tail -c +513 "$tmp/tar" | zstd -q; } >"$bad"
refused "two frames that make one archive" "behind its end" "$bad"
{ cat "$zst" && skippable; } >"$bad"
refused "a frame to be skipped behind it" "behind its end" "$bad"
{ skippable && cat "$zst"; } >"$bad"
refused "a frame to be skipped before it" "not made by zstd" "$bad"
gzip -c "$tmp/tar" >"$bad" && refused "gzip" "not made by zstd" "$bad"
zstd -q <"$zst" >"$bad" && refused "compressed twice" "damaged" "$bad"
gzip -c "$tmp/tar" | zstd -q >"$bad" && refused "gzip in zstd" "damaged" "$bad"
zstd -q </dev/null >"$bad" && refused "a frame of nothing" "damaged" "$bad"
{ head -c $((size - 1)) "$zst" && printf '\xff'; } >"$bad"
refused "a frame whose checksum is wrong" "is cut short, damaged" "$bad"
head -c $((300 << 20)) /dev/zero | zstd -q >"$bad"
refused "a frame that unpacks to too much" "unpacks to more than 256 MiB" "$bad"
head -c $((300 << 20)) /dev/zero >"$tmp/zeros" && zstd -q -f "$tmp/zeros" -o "$bad" && rm "$tmp/zeros"
refused "and says so" "unpacks to more than 256 MiB" "$bad"
# RLE blocks of 128 KiB in a frame that promises a byte.
printf '\x28\xb5\x2f\xfd\x20\x01\x02\x00\x10\x00\x03\x00\x10\x00' >"$bad"
refused "a frame that says that it is small" "is cut short, damaged" "$bad"

# One form of an archive.
# form WHAT PATTERN OPTION...: of tar
form()
{
	archive "${@:3}" <"$tmp/files" >"$bad"
	refused "$1" "$2" "$bad"
}
form "another mode" "damaged" --mode=0600
form "another time" "damaged" --mtime=@1
form "another owner" "damaged" --owner=1
tar -C "$d" --format=ustar --no-recursion --mtime=@0 --owner=root:0 --group=root:0 --mode=0644 \
	-cf "$bad" -T "$tmp/files"
refused "a name of the owner" "damaged" "$bad"
form "the format of GNU tar" "damaged" --format=gnu
form "the format of POSIX, 2001" "link" --format=pax --pax-option=exthdr.name=x
form "the format of Unix V7" "not made by zstd" --format=v7
form "another name" "lead to no other" --transform='s,^kernel,./kernel,'
form "more records" "behind its end" -b 60
head -c -512 "$tmp/tar" >"$bad" && refused "a record that is cut" "behind its end" "$bad"
{ cat "$tmp/tar" && head -c 10240 /dev/zero; } >"$bad" && refused "a record of zeros" "behind its end" "$bad"
{ cat "$tmp/tar" "$tmp/tar"; } >"$bad" && refused "a second archive behind it" "behind its end" "$bad"
at=$(grep -abo 'CONFIG_VFIO=y' "$tmp/tar" | cut -d : -f 1)
cp "$tmp/tar" "$bad" && printf x | dd of="$bad" bs=1 seek=$((at + 40)) conv=notrunc status=none
refused "something between two files" "damaged" "$bad"

# What is no bundle is not written.
chmod 644 "$d/manifest" && echo "x" >>"$d/kernel.config"
not_written "a file that was changed after the manifest" "checksum differs"
echo "CONFIG_VFIO=y" >"$d/kernel.config"
mv "$d/round-1/dmesg.txt" "$tmp/dmesg.txt"
"$report" --bundle-manifest "$d"
not_written "a file that is missing" "round-1/dmesg.txt is missing"
mv "$tmp/dmesg.txt" "$d/round-1/dmesg.txt"
touch "$d/round-1/ktap/a b.ktap"
"$report" --bundle-manifest "$d"
not_written "a name with a space" "lead to no other directory"
rm "$d/round-1/ktap/a b.ktap"
d=$tmp/none
not_written "a directory that is not there" "cannot read .*/none: No such file"
mkdir "$d"
not_written "a directory with nothing of a bundle" "holds no file of a bundle"
tap_end
