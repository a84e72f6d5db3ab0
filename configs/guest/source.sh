# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The kernel source of a series: Debian's package linux-source-SERIES, of the host's own archives or
# of backports, unpacked into the cache and never installed; a tarball in /usr/src, where somebody has
# installed it; or what is in the cache already. Sourced by kernel.sh.
# shellcheck disable=SC2154,SC2034

# Where Debian has kernels that are newer than those of a release, built for one.
source_backports=trixie-backports
source_log=$cache/src/source.log
# Empty where the archive cannot be reached.
source_reached=1
source_list=$cache/src/archives$deb_mirror_id

# source_known: the series that the profiles know, the newest first.
source_known()
{
	sed 's/#.*//; /^[[:blank:]]*$/d' "$here/series"
}

# source_dir SERIES VERSION: where that source is or will be.
source_dir()
{
	printf '%s\n' "$cache/src/linux-source-$1_${2//[^A-Za-z0-9.+~-]/-}"
}

# source_at_hand: lines "SERIES VERSION -" of what is in the cache, and of tarballs in /usr/src.
source_at_hand()
{
	local f name series

	for f in "$cache"/src/linux-source-*_*/Makefile /usr/src/linux-source-*.tar.xz; do
		[ -e "$f" ] || continue
		name=${f##*/linux-source-}
		case $f in
		*.part/Makefile)
			# Another run unpacks it just now, or one was interrupted there.
			continue
			;;
		*/Makefile)
			name=${f%/Makefile}
			name=${name##*/linux-source-}
			;;
		*)
			series=${name%.tar.xz}
			name=${series}_$(dpkg-query -W -f '${Version}' "linux-source-$series" 2>/dev/null) ||
				name=${series}_$(stat -c '%s-%Y' "$f")
			;;
		esac
		printf '%s %s -\n' "${name%%_*}" "${name#*_}"
	done
}

# source_archives: the archives that are asked.
source_archives()
{
	local arch

	arch=$(deb_arch "$(uname -m)")
	printf '%s\n' "$arch" "$arch/$source_backports"
}

# source_ask_archives: what the archives have, into $source_list, as lines "SERIES VERSION ARCHIVE". Asked every
# twelve hours, as it takes seconds; without a network, every ten minutes.
source_ask_archives()
{
	local list=$source_list archive package lines=''

	[ -z "$(find "$list" -mmin -720 2>/dev/null)" ] || return 0
	[ -z "$(find "$list.missing" -mmin -10 2>/dev/null)" ] || return 0
	have apt-get || return 0
	need_space "$cache" 200 "the lists of Debian's packages" "VMIG_CACHE=DIR"
	lock_cache "$cache/src"
	: >"$source_log"
	for archive in $(source_archives); do
		deb_lists "$archive" "$source_log"
		[ -e "$(deb_dir "$archive")/updated" ] || continue
		for package in $(deb_all "$archive" 'linux-source-[0-9]+\.[0-9]+'); do
			lines+="${package#linux-source-} $(deb_version "$archive" "$package") $archive"$'\n'
		done
	done
	if [[ $lines == */"$source_backports"$'\n'* ]]; then
		printf '%s' "$lines" >"$list"
		rm -f "$list.missing"
	else
		printf '%s' "$lines" >"$list.missing"
		source_reached=''
	fi
	exec {lock}>&-
}

# source_candidates REGEX: lines "SERIES VERSION ARCHIVE", the newest first, where something is at hand
# with - for the archive.
source_candidates()
{
	{
		source_at_hand
		cat "$source_list" "$source_list.missing" 2>/dev/null
	} | grep -E "^($1) " | sort -k1,1Vr -k2,2Vr -k3,3 | awk '!seen[$1 " " $2]++'
}

# source_unpack TARBALL: into $src.
source_unpack()
{
	say "unpacking the source of Linux $version (about a minute, once)"
	tar -xJf "$1" -C "$src.part" --strip-components=1 >>"$source_log" 2>&1 </dev/null
}

# source_fetch: $series $version of $archive into $src; false where it cannot be had.
source_fetch()
{
	local tarball=/usr/src/linux-source-$series.tar.xz

	[ ! -e "$src/Makefile" ] || return 0
	lock_cache "$cache/src"
	if [ ! -e "$src/Makefile" ]; then
		need_space "$cache" 2500 "the kernel source" "VMIG_CACHE=DIR"
		log=$source_log
		: >"$log"
		rm -rf "$cache"/src/*.part*
		mkdir -p "$src.part"
		if [ "$archive" = - ]; then
			long_step source_unpack "$tarball"
		else
			say "getting the source of Linux $version of Debian (160 MiB, once)"
			long_step deb_source "$archive" "$src.part" "$source_log" "$series" '*'
		fi || {
			rm -rf "$cache"/src/*.part*
			exec {lock}>&-
			return 1
		}
		mv "$src.part" "$src"
		rm -rf "$src.part.package"
	fi
	exec {lock}>&-
}

# source_builds: is the compiler new enough for this source? As scripts/Kconfig.include asks it.
source_builds()
{
	local least is

	[ "$command" != cached ] || return 0
	least=$("$src/scripts/min-tool-version.sh" gcc 2>/dev/null) || return 0
	is=$("$(arch_cross)gcc" -dumpfullversion 2>/dev/null) || return 0
	! printf '%s\n' "$least" "$is" | sort -CV || return 0
	why="Linux $(kernel_version "$src") needs gcc $least, and this one is $is"
	say "$why: taking an older kernel"
	return 1
}

# source_why: why a source could not be fetched.
source_why()
{
	if grep -q 'No space left on device' "$source_log"; then
		printf 'the disk is full, free some space under %s or set VMIG_CACHE' "$cache"
	else
		grep -m 1 '^E:' "$source_log" || tail -n 1 "$source_log"
	fi
}

# source_advice: what there is instead.
source_advice()
{
	local there

	there=$(source_candidates '[0-9.]+' | cut -d ' ' -f 1 | sort -uV | tr '\n' ' ')
	[ -z "$there" ] || printf "take one of %s, " "${there% }"
	printf 'or set KERNEL_SRC to a kernel tree'
}

# source_series REGEX: sets src_id and src by the newest source of the series that match; for a command
# that only asks, without fetching it.
source_series()
{
	local candidates

	[ "$command" = cached ] || source_ask_archives
	candidates=$(source_candidates "$1")
	while read -r series version archive; do
		[ -n "$series" ] || continue
		src_id="linux-source-$series $version"
		src=$(source_dir "$series" "$version")
		if [ "$command" = cached ] && [ "$archive" != - ]; then
			continue
		elif [ "$command" != cached ] && ! source_fetch; then
			why="linux-source-$series $version could not be had: $(source_why)"
			say "$why"
			continue
		fi
		[ -n "$source_reached" ] || say "Debian's archive cannot be reached: taking Linux" \
			"$version, which is at hand"
		return 0
	done <<<"$candidates"
	return 1
}

# source_find: sets src_id, what the cache knows the source by, and src, where it is; by VMIG_KERNEL, or the
# first of configs/guest/series that can be had and built here.
source_find()
{
	local known=${VMIG_KERNEL:-} why=''

	case $known in
	'')
		for known in $(source_known); do
			if source_series "${known/./\\.}" && source_builds; then
				[ "$command" != build ] || [ "$known" = "$(source_known | head -n 1)" ] ||
					say "taking Linux $known, as none that is newer can be had or built here"
				return 0
			fi
		done
		known=$(source_known | paste -sd ' ')
		;;
	newest)
		! source_series '[0-9]+\.[0-9]+' || return 0
		;;
	*)
		[[ $known =~ ^[0-9]+\.[0-9]+$ ]] ||
			die "a series of kernels has the form 7.3, or is 'newest', and not '$known'"
		! source_series "${known/./\\.}" || return 0
		;;
	esac
	[ "$command" != cached ] || return 0
	[ -z "$why" ] || die "$why"
	if [ -e "$source_list.missing" ]; then
		die "Debian's archive cannot be reached, and linux-source-$known is not at hand: $(source_advice)"
	fi
	die "Debian has no linux-source-$known: $(source_advice)"
}
