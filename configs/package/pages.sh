#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Copies README.md and the pages that it leads to, each at its place, so that their links lead
# somewhere there too. Needs no git: a package is built without.
#
#   pages.sh DIR
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

dest=${1:?pages.sh: where to? DIR is missing}

# What a run makes in results/ is no page.
find README.md lib selftests configs results \
	\( -path results/runs -o -path results/streams -o -path results/map.md \) -prune -o \
	\( -name '*.md' -o -path 'results/doc/*.png' -o -path selftests/config \) -type f -print |
	while read -r f; do
		install -D -m 644 "$f" "$dest/$f"
	done
