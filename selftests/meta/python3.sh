#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints the interpreter of Python that has the modules of the tests.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 2
# shellcheck source=configs/run/packages.sh
. "$top/configs/run/packages.sh"

python3_path jsonschema yaml && exit
echo "python3.sh: not installed: python3-jsonschema or python3-yaml; .ci/run installs both" >&2
exit 2
