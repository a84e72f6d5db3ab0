#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Do the pages (*.md) agree with the tree?

  pages.py              checks the tracked files of this repository; prints a line for each
                        fault, and exits with 1 if there is one
  pages.py --self-test  checks that each kind of fault is found, in a tree of its own

Checked: each relative link has its file, and its #anchor a heading there; each path in
backticks that begins with a top-level folder exists, or is one that git ignores, as a build
or a run makes it; README.md has at most README_LINES lines; each file that a script, a source
or a message names by its path from the top exists. In a path, <name> and NAME stand for
anything, and * is a glob.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

README_LINES = 200
OTHERS_WORDS = ("results/tests/", "selftests/meta/pages.py")
TOP = ("lib", "selftests", "configs", "results")

FENCE = re.compile(r"^ {0,3}(```|~~~)")
HEADING = re.compile(r"^#{1,6} +(.*?)(?: +#+)?$")
CODE = re.compile(r"(`+)(.+?)\1")
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)(?: \"[^\"]*\")?\)")
FILE_NAME = re.compile(
    r"(?<![\w/.$})-])(?:%s)/[\w./-]+\.(?:[ch]|sh|py|def|mk|md|conf|config|txt)\b" % "|".join(TOP))


def git(*args):
    return subprocess.run(("git",) + args, capture_output=True, text=True, check=False)


def blocks(text):
    """The paragraphs, table rows, list items and headings of a page, as (line number, text),
    without its code blocks. A link or a piece of code may go over the end of a line."""
    fence = False
    listed = False
    block = []
    begin = 0
    before = ""
    for number, line in enumerate(text.split("\n"), 1):
        if FENCE.match(line):
            fence = not fence
            line = ""
        elif fence or code_line(line, before, listed):
            continue
        before = line
        stripped = line.strip()
        if stripped:
            listed = bool(re.match(r"[*+-] |\d+\. ", stripped)) or listed and line.startswith(" ")
        if block and (not stripped or re.match(r"#|\||[*+-] |\d+\. ", stripped)):
            yield begin, " ".join(block)
            block = []
        if stripped:
            if not block:
                begin = number
            block.append(stripped)
    if block:
        yield begin, " ".join(block)


def code_line(line, before, listed):
    """Is this line, behind the line before, in a block of code that is indented? In an item
    of a list that takes eight columns."""
    return line.startswith(" " * (8 if listed else 4)) and not before.strip()


def anchors(path):
    """The anchors of a page's headings, as GitHub makes them."""
    seen = {}
    with open(path, encoding="utf-8") as f:
        for _, text in blocks(f.read()):
            match = HEADING.match(text)
            if not match:
                continue
            name = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", match.group(1))
            name = re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-")
            count = seen.get(name, 0)
            seen[name] = count + 1
            yield name if not count else f"{name}-{count}"


def link_fault(page, target):
    """What is wrong with a link of a page, or None."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    name, _, anchor = target.partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(page), name)) if name else page
    if not os.path.exists(path):
        return f"link to {target}: no such file"
    if os.path.isdir(path) and anchor or anchor and not path.endswith(".md"):
        return f"link to {target}: only a page has headings"
    if anchor and anchor not in set(anchors(path)):
        return f"link to {target}: no such heading in {path}"
    return None


def is_there(path):
    """Is a path in the tree, or one that git ignores? <name> and NAME stand for anything."""
    placeholder = re.compile(r"<[^<>]*>|\bNAME\b")
    if glob.glob(placeholder.sub("*", path)):
        return True
    made = placeholder.sub("x", path).replace("*", "x").replace("[ch]", "c")
    return git("check-ignore", "-q", made).returncode == 0


def code_fault(code):
    """What is wrong with a piece of code, if it is a path of this tree, or None."""
    word = code.split()[0] if code.split() else ""
    if not word.startswith(tuple(t + "/" for t in TOP)):
        return None
    word = re.sub(r":\d+$", "", word.rstrip(",.;:"))
    return None if is_there(word) else f"`{word}`: no such file"


def page_faults(page):
    """The faults of a page, as (line number, text)."""
    with open(page, encoding="utf-8") as f:
        text = f.read()
    for number, block in blocks(text):
        for match in CODE.finditer(block):
            fault = code_fault(match.group(2).strip())
            if fault:
                yield number, fault
        # Code in the text of a link is looked at as code, above; here it is only text.
        for match in LINK.finditer(CODE.sub("code", block)):
            fault = link_fault(page, match.group(1))
            if fault:
                yield number, fault


def named_faults(path):
    """The files that a file which is no page names, and that are not there."""
    try:
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
    except (UnicodeDecodeError, OSError):
        return
    for number, line in enumerate(lines, 1):
        for name in FILE_NAME.findall(line):
            # What a user is to write need not be there yet.
            if "NAME" in name and os.path.isdir(os.path.dirname(name)):
                continue
            if not is_there(name):
                yield number, f"{name}: no such file"


def faults():
    """All faults of the tree in the current directory, a line for each."""
    tracked = git("ls-files", "--cached", "--others", "--exclude-standard").stdout.split("\n")
    for path in filter(os.path.exists, filter(None, tracked)):
        # What a run once printed names what there was then; the self-test names faults.
        if os.path.islink(path) or path.startswith(OTHERS_WORDS):
            continue
        for number, fault in (page_faults if path.endswith(".md") else named_faults)(path):
            yield f"{path}:{number}: {fault}"
    with open("README.md", encoding="utf-8") as f:
        count = f.read().count("\n")
    if count > README_LINES:
        yield f"README.md: {count} lines, at most {README_LINES}: move what is too long to another page"


GOOD = """# A page

[the other](lib/README.md#one-heading--more), [itself](#a-page), [far](https://example.org/x.md),
`lib/made`, `lib/<name>.c`, `lib/*.c`, `lib/a.c:12`, `make lint`,
[`lib/a.c`](lib/a.c)

    [no link](nowhere.md) and `lib/nothing` in a block of code

1. An item

        `lib/nothing` in its block of code
"""
BAD = (
    ("[x](nowhere.md)", "link to nowhere.md: no such file"),
    ("[x](lib/README.md#two)", "link to lib/README.md#two: no such heading in lib/README.md"),
    ("[two\nlines](nowhere.md)", "link to nowhere.md: no such file"),
    ("![picture](x.png)", "link to x.png: no such file"),
    ("[x](#nowhere)", "link to #nowhere: no such heading in README.md"),
    ("`lib/b.c`", "`lib/b.c`: no such file"),
    ("`lib/b.c --option`", "`lib/b.c`: no such file"),
    ("| a | `lib/b.c` |", "`lib/b.c`: no such file"),
    ("* item\n\n  `lib/<x>.h`", "`lib/<x>.h`: no such file"),
    ("\n" * README_LINES, "lines, at most"),
)


def self_test():
    """Finds nothing in a good tree, and each fault of BAD."""
    wrong = []
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        git("init", "-q")
        os.mkdir("lib")
        for name, text in ((".gitignore", "/lib/made\n"), ("lib/a.c", "/* lib/README.md */\n"),
                           ("lib/README.md", "# One `heading` & more\n"), ("README.md", GOOD)):
            with open(name, "w", encoding="utf-8") as f:
                f.write(text)
        wrong += [f"in the good tree: {fault}" for fault in faults()]
        for text, want in BAD:
            with open("README.md", "w", encoding="utf-8") as f:
                f.write(GOOD + "\n" + text + "\n")
            got = list(faults())
            if len(got) != 1 or want not in got[0]:
                wrong.append(f"{text!r}: {got} and not '{want}'")
        with open("README.md", "w", encoding="utf-8") as f:
            f.write(GOOD)
        with open("lib/a.c", "w", encoding="utf-8") as f:
            f.write("/* lib/nowhere.h, lib/NAME.c */\n")
        if list(faults()) != ["lib/a.c:1: lib/nowhere.h: no such file"]:
            wrong.append(f"a file that a source names: {list(faults())}")
        os.chdir("/")
    return wrong


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    found = self_test() if sys.argv[1:] == ["--self-test"] else list(faults())
    for fault in found:
        print(fault)
    sys.exit(bool(found))


main()
