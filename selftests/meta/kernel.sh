#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest's kernel is there, and as it was asked for: first of all that need it, as the
# tests behind have no time to build one, which takes minutes where the cache is empty.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/meta/tap.sh
. selftests/meta/tap.sh

build=$(./run.sh --kernel-build-dir)
tap $? "the guest kernel is built"

# Every line of the fragment that switches something on is on in what kernel.sh configured.
missing=
while read -r line; do
	grep -qxF "$line" "$build/.config" || missing+=" $line"
done < <(grep -hE '^CONFIG_[A-Z0-9_]+=' selftests/config configs/guest/base.config)
tap_is '' "$missing" "it has every option of selftests/config and base.config"

# One list: what the tests need of any kernel is not said again for the guest.
tap_is '' "$(grep -hoE '^(# )?CONFIG_[A-Z0-9_]+' selftests/config configs/guest/base.config |
	sed 's/^# //' | sort | uniq -d)" "no option is in both of them"

again=$(./run.sh --kernel-build-dir)
tap_is "$build" "$again" "a second call takes the one that is there"

tap_end
