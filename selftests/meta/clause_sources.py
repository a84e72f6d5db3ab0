#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Does the kernel's source have what the clauses rest on?

    clause_sources.py KSRC <LIST

LIST is what `vmig-report --clause-sources` prints: clause, level, first kernel with the clause,
file, function, words; with tabs between, and - for what there is not. The words must be in that
file, and where a function is named in the body of that function. Neither white space nor the
stars that begin the lines of a comment count. What KSRC does not have yet is not looked up. A
MUST without words is one that nothing demands. Prints what is not so; on the last line how many
sources were looked up.
"""
import functools
import os
import re
import sys

from profile_lines import defined, read, release, version


def squeezed(lines):
    """Lines as one, with single blanks and without the stars of comments."""
    return " ".join(" ".join(re.sub(r"^\s*\*(?=\s|$)", "", line) for line in lines).split())


@functools.lru_cache(None)
def contents(path):
    """The lines of a file, none where there is no such file."""
    return read(path) if os.path.isfile(path) else []


@functools.lru_cache(None)
def bodies(path, name):
    """The text of each function of that name, head and all."""
    lines = contents(path)
    found = []
    for begin in defined(lines, name):
        end = next((n for n, text in enumerate(lines[begin:], begin) if text.startswith("}")), begin)
        found.append(squeezed(lines[begin - 1:end]))
    return found


@functools.lru_cache(None)
def whole(path):
    """The text of a file."""
    return squeezed(contents(path))


def wrong(ksrc, file, function, words):
    """What is wrong with a source, or None."""
    path = os.path.join(ksrc, file)
    if not contents(path):
        return "there is no %s" % file
    if function == "-":
        return None if words in whole(path) else "%s does not have these words: %s" % (file, words)
    found = bodies(path, function)
    if not found:
        return "%s() is not defined in %s" % (function, file)
    if not any(words in body for body in found):
        return "%s() does not have these words: %s" % (function, words)
    return None


def main():
    ksrc = sys.argv[1]
    now, looked_up, bad = release(ksrc), 0, 0
    for line in sys.stdin:
        clause, level, since, file, function, words = line.rstrip("\n").split("\t")
        what = None
        if words == "-":
            if level == "MUST":
                what = "a MUST that rests on nothing"
        elif since == "-" or version(since) <= now:
            looked_up += 1
            what = wrong(ksrc, file, function, " ".join(words.split()))
        if what:
            print("%s: %s" % (clause, what))
            bad = 1
    print("%d sources" % looked_up)
    sys.exit(bad)


if __name__ == "__main__":
    main()
