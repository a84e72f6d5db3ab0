#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Do the lines of a profile name places that are in the kernel's source?

    profile_lines.py KSRC [--shift] PROFILE...

A place is "FILE:LINE/LINE:WORD FUNCTION()", with one line for each kernel that "source:" names
(configs/devices/README.md). Each function must be defined in that file of the driver. Where KSRC
is one of the kernels of "source:", the line for it must be in the function, and must have the
word, which the lines around it must not have. What is bound to other kernels than KSRC is not
looked up: a driver that has no migration there, or a line. Prints what is not so.

With --shift each line for KSRC is moved by one, up and down, and it prints where nobody notices.
"""
import glob
import os
import re
import sys

LINES = r"(?P<%s>[\d/]+)(?::(?P<%s>\w+))?"
PLACE = re.compile(r"(?:(?P<file>[\w/.-]+\.[ch])(?::" + LINES % ("lines", "word") + r")? |(?<=, )" +
                   LINES % ("more", "more_word") + r" )?(?P<name>\w+)(?P<call>\(\))?")
KEYS = {"feature": 2, "stream": 1, "nonblock": 1, "poll": 1, "reset": 1, "errno": 2,
        "deviation": 2, "sometimes": 2, "crashes": 1, "lethal": 1}
RANGE = re.compile(r"(?:\(|^\s*)([\d.]*)-([\d.]*)\)?\s*$")


def said(profile, key):
    """The values of a key."""
    return " ".join(line.partition(":")[2] for line in profile if line.startswith(key + ":"))


def roots(ksrc, profile):
    """Directories that hold what a profile may name."""
    paths = ["drivers/iommu/iommufd"] + re.findall(r"[\w-]+(?:/[\w.-]+)+", said(profile, "source"))
    paths = [os.path.join(ksrc, p) for p in paths]
    return {p if os.path.isdir(p) else os.path.dirname(p) for p in paths}


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


def kernels(profile):
    """The kernels that the lines of a profile are of."""
    return [version(v) for v in re.findall(r"(?<=\s)\d+\.\d+(?:\.\d+)?(?=[\s,]|$)",
                                           said(profile, "source"))]


def bound(field, now):
    """Is there no range of kernels at the end of a field, or this one in it?"""
    m = RANGE.search(field)
    if not m:
        return True
    first, last = version(m[1] or "0"), version(m[2] or "9999")
    return first <= now and now[:len(last)] <= last


def defined(lines, name):
    """The numbers of the lines on which a function begins."""
    head = re.compile(r"^(?![\s}#/*]).*\b%s\(|^%s\(" % (name, name))
    return [n for n, text in enumerate(lines, 1) if head.search(text) and ";" not in text]


def inside(lines, begin, number):
    """Is a line in the function that begins there?"""
    return begin <= number and not any(text.startswith("}") for text in lines[begin:number - 1])


def has(lines, number, word):
    """Does this line have the word?"""
    return 0 < number <= len(lines) and re.search(r"\b%s\b" % word, lines[number - 1])


class Profile:
    """A profile, and the source that it is looked up in."""

    def __init__(self, ksrc, path):
        self.lines = read(path)
        self.now = release(ksrc)
        self.kernels = kernels(self.lines)
        self.files = {f: read(f) for d in roots(ksrc, self.lines) for f in glob.glob(d + "/*.[ch]")}
        self.words = {}
        for _, place, file, lines, word in self.places():
            if word:
                self.words[file, lines] = word

    def places(self):
        """Each place: the number of the line, the match, its file, its lines, its word."""
        if not bound(said(self.lines, "kernels"), self.now):
            return
        for number, line in enumerate(self.lines, 1):
            key, _, value = line.partition(":")
            fields = value.split("|")
            if key not in KEYS or len(fields) <= KEYS[key]:
                continue
            if not bound(fields[0], self.now):
                continue
            file = None
            for place in PLACE.finditer(fields[KEYS[key]]):
                lines = place["lines"] or place["more"]
                file = place["file"] or (file if lines else None)
                if lines or place["call"]:
                    yield ((number, [k for k in self.kernels if bound(fields[0], k)]), place, file,
                           lines, place["word"] or place["more_word"])

    def shifts(self):
        """Each place with its line for this kernel moved by one."""
        for (number, of), place, file, lines, _ in self.places():
            if not lines or self.now not in of:
                continue
            numbers = lines.split("/")
            at = of.index(self.now) if len(numbers) > 1 else 0
            for by in (-1, 1):
                moved = numbers[:at] + [str(int(numbers[at]) + by)] + numbers[at + 1:]
                moved = "/".join(moved)
                self.words.setdefault((file, moved), self.words.get((file, lines), place["name"]))
                yield (number, of), place, file, moved

    def wrong_line(self, of, place, found, file, lines):
        """What is wrong with the line of a place, or None; found: where its function begins."""
        numbers = lines.split("/")
        if len(numbers) not in (1, len(of)):
            return "%s: %d lines for %d kernels" % (lines, len(numbers), len(of))
        if self.now not in of:
            return None
        number = int(numbers[of.index(self.now)] if len(numbers) > 1 else numbers[0])
        word = self.words.get((file, lines), place["name"])
        at = "line %d of %s" % (number, file)
        if place["call"]:
            found = [f for f in found if inside(f[0], f[1], number)]
            if not found:
                return "%s is not in %s()" % (at, place["name"])
        found = [text for text, _ in found if has(text, number, word)]
        if not found:
            return "%s has no %s" % (at, word)
        for text in found:
            if any(has(text, n, word) for n in (number - 1, number + 1)):
                return "%s is not the only one there that has %s" % (at, word)
        return None

    def wrong(self, of, place, file, lines):
        """What is wrong with a place, or None."""
        name = place["name"]
        files = [text for path, text in self.files.items()
                 if not file or path.endswith("/" + file.split("/")[-1])]
        found = [(text, 0) for text in files]
        if place["call"]:
            found = [(text, begin) for text in files for begin in defined(text, name)]
        if not found:
            return "%s() is not defined%s" % (name, " in " + file if file else "")
        return self.wrong_line(of, place, found, file, lines) if lines else None


def main():
    ksrc, paths, bad = sys.argv[1], sys.argv[2:], 0
    shift = paths[0] == "--shift"
    for path in paths[shift:]:
        profile = Profile(ksrc, path)
        places = profile.shifts() if shift else (p[:4] for p in profile.places())
        for (number, of), place, file, lines in places:
            what = profile.wrong(of, place, file, lines)
            if shift:
                what = None if what else "%s of %s is not noticed" % (lines, file)
            if what:
                print("%s:%d: %s" % (path, number, what))
                bad = 1
    sys.exit(bad)


if __name__ == "__main__":
    main()
