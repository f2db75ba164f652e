# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the lint scripts share: the files of a source tree, C text without comments, complaints, skipping."""

import os
import re
import sys

SKIPPED = 77


def files(top, *folders):
    """Paths relative to top of the regular files under the folders (all of top by default), sorted.

    Left out: .git, build directories and what Python leaves behind.
    """
    found = []
    for folder in folders or ("",):
        for where, dirs, names in os.walk(os.path.join(top, folder)):
            here = os.path.relpath(where, top)
            at_top = here == "."
            dirs[:] = [
                d for d in dirs
                if d not in (".git", "__pycache__") and not (at_top and d.startswith("build"))
            ]
            for name in names:
                if name == ".git":  # of a worktree
                    continue
                path = name if at_top else os.path.join(here, name)
                if os.path.isfile(os.path.join(top, path)):
                    found.append(path)
    return sorted(found)


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8", errors="replace") as f:
        return f.read()


_COMMENT = re.compile(
    r'"(?:\\.|[^"\\\n])*"|' r"'(?:\\.|[^'\\\n])*'|" r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def without_comments(text, keep_strings=True):
    """C text with comments (and the contents of string literals) blanked; line numbers stay as they are."""
    def blank(match):
        s = match.group()
        if s[0] == "'":
            return s
        if s[0] == '"':
            return s if keep_strings else '""'
        return "\n" * s.count("\n") or " "
    return _COMMENT.sub(blank, text)


_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def includes(text):
    """(line number, opening mark, name) of every #include."""
    text = without_comments(text)
    for m in _INCLUDE.finditer(text):
        yield text.count("\n", 0, m.start()) + 1, m.group(1), m.group(2)


def finish(complaints):
    """Prints the complaints and ends with status 1 if there are any."""
    for line in complaints:
        print(line)
    if complaints:
        print("%d complaint%s" % (len(complaints), "" if len(complaints) == 1 else "s"))
    sys.exit(1 if complaints else 0)


def skip(reason):
    print("SKIP: " + reason)
    sys.exit(SKIPPED)
