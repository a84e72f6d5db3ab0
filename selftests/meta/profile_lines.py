#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Do the lines of a profile name places that are in the kernel's source?

    profile_lines.py KSRC PROFILE...

Each function that a line names must be defined in a file of the driver, and where a line
number stands before it, that line must be in the function. A line that is bound to other
kernels than this source is not looked up. Prints what is not so.
"""
import glob
import os
import re
import sys

PLACE = re.compile(r"(?:(?P<file>[\w/.-]+\.[ch])(?::(?P<line>\d+))? )?(?P<name>\w+)\(\)")
KEYS = {"feature": 2, "stream": 1, "nonblock": 1, "poll": 1, "reset": 1, "errno": 2,
        "deviation": 2, "sometimes": 2, "crashes": 1, "lethal": 1}
RANGE = re.compile(r"\(([\d.]*)-([\d.]*)\)\s*$")


def roots(ksrc, profile):
    """Directories that hold what a profile may name."""
    dirs = ["drivers/vfio", "drivers/vfio/pci", "drivers/iommu/iommufd", "samples/vfio-mdev"]
    for line in profile:
        if line.startswith("upstream:"):
            path = line.split()[1]
            dirs.append(path if os.path.isdir(os.path.join(ksrc, path)) else
                        os.path.dirname(path))
    return [os.path.join(ksrc, d) for d in dirs]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read().split("\n")


def version(words):
    """A version as a list of numbers."""
    return [int(n) for n in words.split(".")]


def release(ksrc):
    """The version of a kernel's source."""
    makefile = "\n".join(read(os.path.join(ksrc, "Makefile")))
    return [int(re.search(r"^%s = (\d+)" % part, makefile, re.M)[1])
            for part in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]


def bound_elsewhere(field, now):
    """Does a range of kernels stand behind the first field, without this one in it?"""
    m = RANGE.search(field)
    if not m:
        return False
    first, last = version(m[1] or "0"), version(m[2] or "9999")
    return now < first or now[:len(last)] > last


def defined(lines, name):
    """The numbers of the lines on which a function begins."""
    head = re.compile(r"^(?![\s}#/*]).*\b%s\(|^%s\(" % (name, name))
    return [n for n, text in enumerate(lines, 1) if head.search(text) and ";" not in text]


def inside(lines, begin, number):
    """Is a line in the function that begins there?"""
    return begin <= number and not any(text.startswith("}") for text in lines[begin:number - 1])


def wrong(files, place):
    """What is wrong with a place, or None."""
    name = place["name"]
    found = [(path, lines, begin) for path, lines in files.items()
             for begin in defined(lines, name)]
    if place["file"]:
        found = [f for f in found if f[0].endswith("/" + place["file"].split("/")[-1])]
    if not found:
        return "%s() is not defined%s" % (name, " in " + place["file"] if place["file"] else "")
    number = int(place["line"] or 0)
    if number and not any(inside(lines, begin, number) for _, lines, begin in found):
        return "line %d of %s is not in %s()" % (number, place["file"], name)
    return None


def main():
    ksrc, bad = sys.argv[1], 0
    now = release(ksrc)
    for path in sys.argv[2:]:
        profile = read(path)
        files = {f: read(f) for d in roots(ksrc, profile) for f in glob.glob(d + "/*.[ch]")}
        for number, line in enumerate(profile, 1):
            key, _, value = line.partition(":")
            fields = value.split("|")
            if key not in KEYS or len(fields) <= KEYS[key] or bound_elsewhere(fields[0], now):
                continue
            for place in PLACE.finditer(fields[KEYS[key]]):
                what = wrong(files, place)
                if what:
                    print("%s:%d: %s" % (path, number, what))
                    bad = 1
    sys.exit(bad)


if __name__ == "__main__":
    main()
