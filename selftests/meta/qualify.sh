#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A driver is qualified in the guest, from a commit of its own; the bundle is verified, and so
# are others that were made of it: each is refused, for its own reason.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
top=$PWD

# refused WHAT PATTERN COMMAND...: see tap_refused
refused()
{
	tap_refused 400 "$@"
}

# A tree that is a commit, whatever this one is: with what is built here, so that little is
# built again. Its list is this version's, with fewer rounds and tests, and frozen in it.
tree()
{
	mkdir "$tmp/tree"
	git ls-files -z | xargs -0 cp -a --parents -t "$tmp/tree" || return
	cp -a selftests/obj "$tmp/tree/selftests/"
	cp -a results/build "$tmp/tree/results/"
	cd "$tmp/tree" || return
	sed -i -E 's/^rounds: .*/rounds: 1/; /^(poison|stress|signals|limits|race|consumers) /d' \
		configs/mustpass/[0-9]*.txt
	sum=$(sha256sum <"$(echo configs/mustpass/[0-9]*.txt)")
	sed -i "s/^const char vmig_mustpass\[\] = .*/const char vmig_mustpass[] = \"${sum%% *}\";/" \
		lib/spec/version.c
	git init -q . && git add -A &&
		git -c user.name=vmig -c user.email=vmig@localhost commit -qm "A tree to be qualified"
}

# The list of this version is the frozen one, and the suite has each test of it.
version=$(results/vmig-report --version | sed 's/.* \([0-9.]*\),.*/\1/')
results/vmig-report --mustpass-tests "configs/mustpass/$version.txt" >"$tmp/mustpass" 2>"$tmp/err"
rc=$?
[ $rc -eq 0 ] || tap_show "$tmp/err"
tap $rc "the list of vmig $version is the one that it has frozen"
VMIG_HAZARDS=1 selftests/run_chapters.sh --names | LC_ALL=C sort >"$tmp/names"
sed 1d "$tmp/mustpass" | LC_ALL=C sort | LC_ALL=C comm -23 - "$tmp/names" >"$tmp/missing"
[ -s "$tmp/names" ] && [ ! -s "$tmp/missing" ]
rc=$?
[ $rc -eq 0 ] || tap_show <(head -n 20 "$tmp/missing")
tap $rc "the suite has each test of the list"
sed 1d "$tmp/mustpass" | LC_ALL=C sort | LC_ALL=C comm -13 - "$tmp/names" >"$tmp/others"
echo "# $(wc -l <"$tmp/others") tests of the suite are not on the list"

refused "--qualify without a driver" "say which with -d" ./run.sh --qualify
refused "--qualify of all drivers" "say which with -d" ./run.sh --qualify -d all
for option in --strict --no-known-deviations --debug-kernel --stress --no-hazards "-t fsm*" \
	"--seed 7" --abort-on-taint; do
	# shellcheck disable=SC2086 # an option and its value
	refused "--qualify with $option" "has its own rules" ./run.sh --qualify -d mtty $option
done
refused "--qualify with another exerciser" "has its own rules" \
	env VMIG_EXERCISER=generic ./run.sh --qualify -d mtty
refused "--waivers without --qualify" "need --qualify" ./run.sh -d mtty --waivers /dev/null
refused "waivers that are not there" "no such file" \
	./run.sh --qualify -d mtty --waivers "$tmp/none"
refused "a bundle that is not there" "no such file" ./run.sh --verify "$tmp/none"
refused "--allowed-signers without --verify" "needs --verify" \
	./run.sh -d mtty --allowed-signers /dev/null
echo nonsense >"$tmp/nonsense"
refused "a bundle of nonsense" "is refused: .*not made by zstd" ./run.sh --verify "$tmp/nonsense"
head -c $((300 << 20)) /dev/zero | zstd -q >"$tmp/bomb"
refused "a bundle that unpacks to too much" "unpacks to more than 256 MiB" \
	./run.sh --verify "$tmp/bomb"

tree
tap $? "a tree that is a commit"
make -s selftests report >"$tmp/make" 2>&1
tap $? "it is built"
cp run.sh "$tmp/run.sh" && echo "# changed" >>run.sh
refused "--qualify of a changed tree" "is no commit that others can look at" \
	./run.sh --qualify -d mtty
cp "$tmp/run.sh" run.sh
cp configs/mustpass/[0-9]*.txt "$tmp/list"
sed -i '/ feature.cdev.argsz_below_header$/d' configs/mustpass/[0-9]*.txt
git -c user.name=vmig -c user.email=vmig@localhost commit -qam "A list of one's own"
refused "--qualify with a list that is not the frozen one" "is not the list that vmig" \
	./run.sh --qualify -d mtty
git reset -q --hard HEAD~1

ssh-keygen -q -t ed25519 -N '' -C tests -f "$tmp/key"
ssh-keygen -q -t ed25519 -N '' -C others -f "$tmp/other"
echo "lab@example.org $(cat "$tmp/key.pub")" >"$tmp/signers"
echo "other@example.org $(cat "$tmp/other.pub")" >"$tmp/others"
link=https://lore.example.org/r/1
waiver()
{
	printf 'waiver: %s | %s | %s | %s | %s | %s | a test of waivers\n' "$@"
}
waiver OPEN-01 '*' mtty 6.12- 2020-01-31 $link >"$tmp/expired"
refused "--qualify with a waiver that has expired" "OPEN-01 for mtty expired on 2020-01-31" \
	./run.sh -q --qualify -d mtty --waivers "$tmp/expired"
waiver OPEN-01 '*' mtty 6.12- 2099-01-31 "an internal ticket" >"$tmp/secret"
refused "--qualify with a waiver without a link" "no link to a public discussion" \
	./run.sh -q --qualify -d mtty --waivers "$tmp/secret"
refused "--qualify with a key that does not sign" "does not sign" \
	./run.sh -q --qualify -d mtty --sign-key "$tmp/signers"

# mtty breaks rules: two of them are waived, the others decide.
{
	waiver OPEN-01 'lifecycle_from.*' mtty 6.7- 2099-01-31 $link
	waiver PRE-10 '*' 'mt*' 6.12-6.13 2099-01-31 $link
	waiver PRE-11 '*' 'mt*' 6.13- 2099-01-31 $link
} >"$tmp/waivers"
timeout 1500 ./run.sh -q --qualify -d mtty --waivers "$tmp/waivers" --sign-key "$tmp/key" \
	-o "$tmp/results" >"$tmp/qualify" 2>&1 </dev/null
tap_is 1 $? "mtty does not qualify"
out=$tmp/results/latest
[ -s "$out/bundle.tar.zst" ] || tap_show <(tail -n 20 "$tmp/qualify")
head -n 1 "$out/statement.txt" | grep -q '^NOT A QUALIFICATION OF HARDWARE: .*guest'
tap $? "the first line of the statement says that this is no hardware"
grep -q '^Verdict: not conformant by mustpass list' "$out/statement.txt"
tap $? "the statement has the verdict"
tr -s ' \n' ' ' <"$out/statement.txt" >"$tmp/words"
grep -q 'OPEN-01 until 2099-01-31' "$tmp/words" && grep -q 'another driver or kernel' "$tmp/words" &&
	[ "$(grep -o 'took [0-9]* failures' "$tmp/words" | wc -l)" -eq 2 ]
tap $? "the statement has the waivers, and which of them were needed"
[ "$(wc -l <"$out/statement.txt")" -le 60 ]
tap $? "the statement is one page"

bundle=$out/bundle.tar.zst
# verified WHAT CODE PATTERN OPTION...
verified()
{
	local what=$1 code=$2 pattern=$3 rc

	shift 3
	timeout 400 ./run.sh --verify "$bundle" "$@" >"$tmp/out" 2>&1 </dev/null
	rc=$?
	[ $rc -eq "$code" ] && grep -q -e "$pattern" "$tmp/out"
	rc=$?
	[ $rc -eq 0 ] || tap_show "$tmp/out"
	tap $rc "$what"
}
verified "the bundle verifies, with the same verdict" 1 "^Verdict: not conformant"
diff <(head -n -1 "$tmp/out") "$out/statement.txt" >/dev/null
tap $? "what --verify prints is the statement"
verified "signed by one of the signers" 1 "^Signed:  good, by lab@example.org" \
	--allowed-signers "$tmp/signers"
verified "a signature without a list of signers is told by its key" 1 "^Signed:  fits, by the key"
refused "signed by none of the signers" "by nobody who is in" \
	./run.sh --verify "$bundle" --allowed-signers "$tmp/others"

mkdir "$tmp/in"
zstd -dcq "$bundle" | tar -x -C "$tmp/in"
# forged WHAT PATTERN SCRIPT: SCRIPT changes the files; the checksums are put right after it,
# but for one that says "raw".
forged()
{
	local what=$1 pattern=$2 dir=$tmp/forged

	rm -rf "$dir"
	cp -r "$tmp/in" "$dir"
	(
		cd "$dir" || exit
		eval "$3"
		if [ "${4-}" != raw ]; then
			rm -f manifest.sig
			find . -type f ! -name manifest -printf '%P\n' | LC_ALL=C sort |
				xargs sha256sum >"$tmp/manifest"
			mv "$tmp/manifest" .
		fi
		find . ! -type d -printf '%P\n' | LC_ALL=C sort |
			tar --format=ustar --no-recursion --mtime=@0 --owner=0 --group=0 --numeric-owner \
				--mode=0644 -cf - -T - | zstd -q >"$tmp/forged.zst"
	)
	bundle=$tmp/forged.zst
	refused "$what" "$pattern" ./run.sh --verify "$bundle" "${@:5}"
}
k=$(cd "$tmp/in" && grep -l '^not ok' round-1/ktap/*.ktap | head -n 1)
forged "a failure made good" "checksum differs" "sed -i 's/^not ok/ok/' $k" raw
forged "a failure made good, with its checksum" "results.json says other things" \
	"sed -i 's/^not ok/ok/' $k"
forged "results.json made good" "results.json says other things" \
	"sed -i 's/\"outcome\": \"fail\"/\"outcome\": \"pass\"/' round-1/results.json"
forged "a chapter taken out" "lacks the test" "rm $k"
forged "a test taken off the plan" "is not the mustpass list" "sed -i 7d round-1/tests.tsv"
forged "a list of one's own" "mustpass list is not the one" \
	"sed -i '/ feature.cdev.argsz_below_header/d' mustpass.txt"
forged "a driver module that is another" "checksum differs" \
	"sed -i 's/^[0-9a-f]/x/' modules.sha256" raw
forged "a symbolic link" "is a link" "ln -sf /etc/passwd kernel.config" raw
forged "a signature of something else" "what was signed was changed" \
	"find . -type f ! -name 'manifest*' -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >manifest
	echo >>manifest; sed -i '\$d' manifest; echo x >kernel.config
	find . -type f ! -name 'manifest*' -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >manifest" raw
forged "no signature where one is asked for" "is not signed" "rm manifest.sig" raw \
	--allowed-signers "$tmp/signers"
head -c $(($(stat -c %s "$out/bundle.tar.zst") / 2)) "$out/bundle.tar.zst" >"$tmp/cut"
refused "half a bundle" "is cut short" ./run.sh --verify "$tmp/cut"
cd "$top" || exit 2
tap_end
