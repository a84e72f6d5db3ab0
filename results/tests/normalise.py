#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints results.json without what the catalogue alone decides.

    normalise.py RESULTS_JSON [SCHEMA]

Clauses that no test of the run names are left out, and the wording of the others, so that
a new clause or a better sentence changes no expected file. With SCHEMA the file is checked
against it instead; exit code 1 says where it does not fit. That takes Debian's package
python3-jsonschema.
"""
import json
import sys


def check(results, schema):
    import jsonschema

    found = jsonschema.Draft7Validator(schema).iter_errors(results)
    wrong = sorted(found, key=lambda e: list(map(str, e.path)))
    for error in wrong:
        print("/".join(map(str, error.path)) + ": " + error.message, file=sys.stderr)
    return 1 if wrong else 0


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        results = json.load(f)
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding="utf-8") as f:
            return check(results, json.load(f))
    results["clauses"] = [c for c in results["clauses"] if c["tests"]]
    for clause in results["clauses"]:
        del clause["statement"], clause["source"]
    json.dump(results, sys.stdout, indent=1, ensure_ascii=False)
    print()
    return 0


sys.exit(main())
