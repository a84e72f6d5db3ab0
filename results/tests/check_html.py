#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks what must be true of every report.html and junit.xml.

    check_html.py RUNDIR

The page is well-formed, says the verdict and where each breach was judged, has a row for each
clause, links to nothing but itself and loads nothing; the XML is well-formed and its sums are
right. A page without the FSM chapter has no matrix, one with it has a cell for each state and
number.
"""
import json
import re
import sys
import xml.etree.ElementTree as ET

XHTML_NOISE = re.compile(r"\{[^}]*\}")


def page(rundir, results, wrong):
    with open(rundir + "/report.html", encoding="utf-8") as f:
        text = f.read()
    root = ET.fromstring(text.replace("<!DOCTYPE html>", "", 1))
    ids = set()
    for element in root.iter():
        tag = XHTML_NOISE.sub("", element.tag)
        ids.add(element.get("id"))
        for name in ("src", "data", "srcset", "action"):
            if element.get(name):
                wrong.append("<%s> loads %s" % (tag, element.get(name)))
        href = element.get("href")
        if href and not href.startswith("#"):
            wrong.append("<%s> links to %s" % (tag, href))
    for element in root.iter():
        href = element.get("href")
        if href and href[1:] not in ids:
            wrong.append("link to %s, which is not there" % href)
    for word in ("@import", "url(", "fetch(", "XMLHttpRequest"):
        if word in text:
            wrong.append("the page has %s" % word)
    said = "".join(root.find(".//p[@class='say']").itertext())
    if results["verdict"]["sentence"] not in said:
        wrong.append("the verdict is not on top")
    for clause in results["clauses"]:
        if "c-" + clause["id"] not in ids:
            wrong.append("no row for " + clause["id"])
    for at in {b["at"] for c in results["chapters"] for t in c["tests"]
               for b in t["breaches"] if "at" in b}:
        if "<dd>%s</dd>" % at not in text:
            wrong.append("nothing says that a breach was judged at " + at)
    cells = sum(XHTML_NOISE.sub("", e.tag) == "rect" for svg in root.iter()
                if svg.get("class") == "matrix" for e in svg.iter())
    names = [t["name"] for c in results["chapters"] for t in c["tests"]]
    fsm = any(re.match(r"fsm\.(cdev|group)_\w+_to_", name) for name in names)
    if cells != (8 * 11 if fsm else 0):
        wrong.append("the matrix has %d cells" % cells)


def junit(rundir, wrong):
    root = ET.parse(rundir + "/junit.xml").getroot()
    cases = list(root.iter("testcase"))
    sums = {"tests": len(cases)}
    for plural, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        sums[plural] = sum(1 for c in cases if c.find(tag) is not None)
    for name, value in sums.items():
        if int(root.get(name)) != value:
            wrong.append("junit.xml says %s=%s and has %d" % (name, root.get(name), value))
        if sum(int(s.get(name)) for s in root.iter("testsuite")) != value:
            wrong.append("the suites of junit.xml do not sum up to %s=%d" % (name, value))
    for case in cases:
        if len([e for e in case if e.tag in ("failure", "error", "skipped")]) > 1:
            wrong.append("junit.xml: %s has two verdicts" % case.get("name"))


def main():
    wrong = []
    with open(sys.argv[1] + "/results.json", encoding="utf-8") as f:
        results = json.load(f)
    page(sys.argv[1], results, wrong)
    junit(sys.argv[1], wrong)
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


sys.exit(main())
