#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks what must be true of every nightly.html.

    check_nightly.py PAGE TEXT...

It is well-formed, has each id once, links to nothing but itself, loads nothing, and says each
TEXT.
"""
import sys
import xml.etree.ElementTree as ET


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        text = f.read()
    root = ET.fromstring(text.replace("<!DOCTYPE html>", "", 1))
    wrong = []
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    wrong += ["id %s stands twice" % i for i in set(ids) if ids.count(i) > 1]
    for element in root.iter():
        for name, value in element.attrib.items():
            name = name.rsplit("}", 1)[-1]
            if name in ("src", "data", "srcset", "action"):
                wrong.append("it loads " + value)
            if name == "href" and (not value.startswith("#") or value[1:] not in ids):
                wrong.append("a link to " + value)
        if element.tag == "script":
            wrong.append("it has a script")
    wrong += ["it has " + w for w in ("@import", "url(", "fetch(") if w in text]
    said = " ".join("".join(root.itertext()).split())
    wrong += ["it does not say " + t for t in sys.argv[2:] if t not in said]
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


sys.exit(main())
