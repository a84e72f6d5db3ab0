#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes run directories of nights that were recorded.

    nights.py --record HISTORY_DB [KEPT]          prints the nights of a history as text
    nights.py NIGHTS_TXT DIR [OPTION]...          writes DIR/NNN/results.json, one a night

A line of the text is a metric of a night: number of the night, test, name, unit, values, with
tabs between. KEPT is how many values of each are recorded.

    --nights N                 only the first N nights
    --repeat N                 these nights N times
    --scale NIGHT:GLOB:FACTOR  in this night and those behind it, metrics that match are slower by
                               the factor; with NIGHT!, in this night alone
    --fail NIGHT:TEST          in this night the test fails
    --srcversion NIGHT:TEXT    from this night on the driver is another one
    --kernel NIGHT:TEXT        the same of the kernel
    --set NIGHT:PLACE=TEXT     the same of what stands at a place of results.json
"""
import argparse
import datetime
import fnmatch
import json
import os
import sqlite3
import sys

# Of a run that all is well with.
TOTALS = dict.fromkeys(("fail", "crashed", "timeout", "broken", "xpass", "xfail", "warn", "skip",
                        "not_run"), 0)


def record(path, kept):
    db = sqlite3.connect(path)
    nights = [n for (n,) in db.execute("SELECT DISTINCT night FROM runs ORDER BY night")]
    rows = db.execute("SELECT r.night, t.name, m.name, m.unit, s.vals FROM samples s"
                      " JOIN runs r ON r.id = s.run JOIN metrics m ON m.id = s.metric"
                      " JOIN tests t ON t.id = m.test ORDER BY r.night, m.id")
    for night, test, name, unit, values in rows:
        values = " ".join("%.4g" % float(v) for v in values.split()[:kept])
        print(nights.index(night), test, name, unit, values, sep="\t")


def read(path):
    nights = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                night, test, name, unit, values = line.rstrip("\n").split("\t")
                metric = (test, name, unit, [float(v) for v in values.split()])
                nights.setdefault(int(night), []).append(metric)
    return [nights[n] for n in sorted(nights)]


def scaled(rules, night, name, unit, values):
    for rule in rules:
        when, glob, factor = rule.split(":")
        alone = when.endswith("!")
        first = int(when.rstrip("!"))
        if fnmatch.fnmatch(name, glob) and (night == first or (night > first and not alone)):
            factor = float(factor) if not unit.endswith("/s") else 1 / float(factor)
            values = [v * factor for v in values]
    return values


def since(rules, night, text):
    for rule in rules:
        first, new = rule.split(":", 1)
        text = new if night >= int(first) else text
    return text


def put(rules, night, whole):
    for rule in rules:
        first, place = rule.split(":", 1)
        place, text = place.split("=", 1)
        at = whole
        *way, last = place.split(".")
        for name in way:
            at = at[name]
        if night >= int(first):
            at[last] = text
    return whole


def results(args, night, metrics):
    tests = {}
    failed = [rule.split(":")[1] for rule in args.fail if int(rule.split(":")[0]) == night]
    for test, name, unit, values in metrics:
        values = scaled(args.scale, night, name, unit, values)
        tests.setdefault(test, []).append({"name": name, "unit": unit, "values": values})
    listed = [{"name": name, "outcome": "fail" if name in failed else "pass",
               "message": "as the test asks for" if name in failed else None, "seconds": 1.0,
               "clauses": [], "breaches": [], "broken": [], "notes": [], "metrics": [],
               "samples": samples, "log": []} for name, samples in tests.items()]
    start = datetime.datetime(2026, 11, 1, 2) + datetime.timedelta(days=night)
    verdict = {"exit_code": 1, "name": "not conformant", "sentence": "not conformant"} if failed \
        else {"exit_code": 0, "name": "conformant", "sentence": "conformant"}
    totals = dict(TOTALS, tests=len(listed), fail=len(failed))
    totals["pass"] = len(listed) - len(failed)
    return put(args.set, night, {
        "results_version": 1,
        "suite": {"version": "0.1.0", "commit": "1a2b3c4d5e6f"},
        "verdict": verdict,
        "run": {"status": "complete", "where": "guest", "accel": "tcg", "guests": 1,
                "firmware": None, "started": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "seconds": 60.0, "problems": [],
                "options": {"debug_kernel": False, "strict": False, "hazards": True,
                            "known_deviations": True, "tests": None, "parameters": None,
                            "profile": "mock"}},
        "environment": {
            "kernel": {"release": since(args.kernel, night, "6.12.117"), "machine": "x86_64",
                       "version": "#1 SMP"},
            "driver": {"name": "vfio_mig_mock", "version": None,
                       "srcversion": since(args.srcversion, night, "0CFBC3668084E605BBD06DA")},
            "device": {"name": "mock-%d" % night, "bus": "mdev"},
            "migration": {"supported": True, "flags": 7, "dma_logging": True}},
        "profile": None, "totals": totals, "clauses": [], "complaints": [],
        "chapters": [{"name": "throughput", "file": "ktap/throughput.ktap", "skipped": None,
                      "gave_up": None, "totals": totals, "missing": [], "tests": listed}],
    })


def main():
    if sys.argv[1] == "--record":
        record(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1000)
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("text")
    parser.add_argument("dir")
    parser.add_argument("--nights", type=int)
    parser.add_argument("--repeat", type=int, default=1)
    for name in ("scale", "fail", "srcversion", "kernel", "set"):
        parser.add_argument("--" + name, action="append", default=[])
    args = parser.parse_args()
    nights = (read(args.text)[:args.nights] * args.repeat)
    for number, metrics in enumerate(nights):
        path = "%s/%03d" % (args.dir, number)
        os.makedirs(path)
        with open(path + "/results.json", "w", encoding="utf-8") as f:
            json.dump(results(args, number, metrics), f, indent=1)


main()
