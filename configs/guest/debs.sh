# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Unpack Debian packages into the cache without installing them, also those of another
# architecture: apt-get works with lists of its own, so that dpkg of this host need not know
# that architecture, and no root is needed. Sourced after lib.sh, which sets cache.
# shellcheck disable=SC2154

# Where Debian's own archive is, for a suite that is not the host's.
deb_mirror=${VMIG_MIRROR:-http://deb.debian.org/debian}
# What of a mirror that is not the default is kept under a name of its own.
deb_mirror_id=${VMIG_MIRROR:+-$(printf '%s' "$VMIG_MIRROR" | sha256sum | cut -c1-8)}

# deb_arch MACHINE: what Debian calls a machine.
deb_arch()
{
	case $1 in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	*) echo "$1" ;;
	esac
}

# deb_dir ARCHIVE: where apt keeps what it knows of that one.
deb_dir()
{
	local id=''

	[ "${1%%/*}" = "$1" ] || id=$deb_mirror_id
	printf '%s\n' "$cache/debs/apt-${1/\//-}$id"
}

# deb_apt ARCHIVE: sets apt_options, for apt-get and apt-cache. An ARCHIVE is what Debian calls a
# machine, for what this host takes packages from, or MACHINE/SUITE for a suite of Debian's.
deb_apt()
{
	local dir arch=${1%%/*}

	dir=$(deb_dir "$1")
	mkdir -p "$dir/lists/partial"
	apt_options=(-o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o "Dir::State=$dir"
		-o "Dir::State::Lists=$dir/lists" -o Dir::State::status=/dev/null
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Acquire::Languages=none
		-o Acquire::Retries=2 -o Acquire::http::Timeout=30)
	[ "$arch" != "$1" ] || return 0
	# With the keys that the host's own archives are checked with.
	printf 'deb [signed-by=%s] %s %s main\n' /usr/share/keyrings/debian-archive-keyring.gpg \
		"$deb_mirror" "${1#*/}" >"$dir/sources.list"
	apt_options+=(-o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=-)
}

# deb_lists ARCHIVE LOG: gets the lists of packages, unless they are of today. Without any list there was no
# network, and nothing is kept.
deb_lists()
{
	local dir said

	have apt-get || die "there is no apt-get to get Debian's packages for $1 with"
	dir=$(deb_dir "$1")
	[ -z "$(find "$dir/updated" -mmin -720 2>/dev/null)" ] || return 0
	deb_apt "$1"
	say "getting the package lists for $1 (10 MiB)"
	# One of several archives may be out of order, and not be the one that matters.
	said=$(apt-get "${apt_options[@]}" update 2>&1 </dev/null) || :
	printf '%s\n' "$said" >>"$2"
	if [ "${1%%/*}" != "$1" ] &&
		grep -qE 'GPG error|NO_PUBKEY|not signed|[Ss]ignature|Clearsigned' <<<"$said"; then
		[ -e "$dir/updated" ] || rm -rf "$dir"
		die "the signature of $deb_mirror does not fit Debian's keyring (see $2): take" \
			"another mirror, VMIG_MIRROR=URL"
	fi
	if [ -n "$(find "$dir/lists" -name '*_Packages*' -print -quit)" ]; then
		touch "$dir/updated"
	else
		rm -rf "$dir"
	fi
}

# deb_all ARCHIVE REGEX: the packages whose whole name matches.
deb_all()
{
	deb_apt "$1"
	apt-cache "${apt_options[@]}" pkgnames 2>/dev/null | grep -xE "$2" || :
}

# deb_newest ARCHIVE REGEX: the newest package whose whole name matches; nothing if none does.
deb_newest()
{
	deb_all "$@" | sort -V | tail -n 1
}

# deb_version ARCHIVE PACKAGE: its version there.
deb_version()
{
	deb_apt "$1"
	apt-cache "${apt_options[@]}" show "$2" 2>/dev/null | sed -n 's/^Version: //p' | sort -V | tail -n 1
}

# deb_unpack ARCHIVE DIR LOG PACKAGE...: gets packages and unpacks them into DIR.
deb_unpack()
{
	local archive=$1 dir=$2 log=$3 f

	shift 3
	deb_apt "$archive"
	mkdir -p "$dir/debs"
	(cd "$dir/debs" && apt-get "${apt_options[@]}" download "$@") >>"$log" 2>&1 </dev/null ||
		return
	for f in "$dir"/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$f" |
			tar -x -C "$dir" --exclude=./usr/share/doc --exclude='*/lib/modules/*/kernel/sound' \
				--exclude='*/lib/modules/*/kernel/drivers/[gm]*' \
				--exclude='*/lib/modules/*/kernel/drivers/net' >>"$log" 2>&1 || return
	done
	rm -rf "$dir/debs"
}

# deb_source ARCHIVE DIR LOG SERIES PATTERN...: gets the kernel source of a series and unpacks what
# matches, as tar(1) has it, into DIR.
deb_source()
{
	local dir=$2 log=$3 series=$4

	deb_unpack "$1" "$dir.package" "$log" "linux-source-$series" || return
	shift 4
	mkdir -p "$dir"
	tar -xJf "$dir.package/usr/src/linux-source-$series.tar.xz" -C "$dir" --strip-components=1 \
		--wildcards "$@" >>"$log" 2>&1 || return
	rm -rf "$dir.package"
}

# deb_failed WHAT LOG: dies with apt-get's reason.
deb_failed()
{
	die "could not get $1: $(grep -m 1 '^E:' "$2" || tail -n 1 "$2") (all of it is in $2)"
}
