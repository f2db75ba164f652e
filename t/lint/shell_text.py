# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shell text as lists of commands, without the contents of quotes and the like."""

import re

OPENERS = ("then", "do", "else")
# Stands for $(...) in scanned text.
SUBSTITUTION = "\1"
HEREDOC = re.compile(r"<<-?\s*(['\"\\]?)(\w+)\1")


class Scanner:
    """Shell text with the contents of quotes, $(...), ((...)) and [[...]], here documents and comments left out."""

    def __init__(self, text):
        self.text = text
        self.at = 0
        self.out = []
        self.waiting = []  # ends of here documents that begin after this line

    def keep(self, text):
        self.out.append(text)

    def lines_of(self, text):
        # So that numbers of lines stay; a line break within a word isn't the end of a command.
        self.keep("\\\n" * text.count("\n"))

    def skip_to(self, end):
        """After the next `end`."""
        found = self.text.find(end, self.at)
        stop = len(self.text) if found < 0 else found + len(end)
        self.lines_of(self.text[self.at:stop])
        self.at = stop

    def skip_quoted(self):
        """After the closing double quote."""
        while self.at < len(self.text) and self.text[self.at] != '"':
            if self.text[self.at] == "\\":
                self.at += 1
            elif self.text.startswith("$(", self.at):
                self.at += 2
                self.skip_substitution()
                continue
            elif self.text[self.at] == "\n":
                self.lines_of("\n")
            self.at += 1
        self.at += 1

    def skip_substitution(self):
        """After the bracket that closes $( or ((."""
        inner = Scanner(self.text)
        inner.at = self.at
        inner.scan(until=")")
        self.lines_of(self.text[self.at:inner.at])
        self.at = inner.at

    def skip_here_documents(self):
        for end in self.waiting:
            while self.at < len(self.text):
                stop = self.text.find("\n", self.at)
                stop = len(self.text) if stop < 0 else stop
                line = self.text[self.at:stop]
                self.at = stop + 1
                self.keep("\n")
                if line.strip("\t ") == end:
                    break
        self.waiting = []

    def scan_one(self):
        text, at = self.text, self.at
        word_start = at == 0 or text[at - 1] in " \t\n;(|&"
        here = HEREDOC.match(text, at)
        if text[at] == "\\":
            self.keep("\\\n" if text[at + 1:at + 2] == "\n" else "__")
            self.at += 2
        elif text.startswith("$'", at) or text[at] == "'":
            self.at += 2 if text[at] == "$" else 1
            self.keep("_")
            if text[at] == "$":
                while text[self.at] != "'":
                    self.at += 2 if text[self.at] == "\\" else 1
                self.at += 1
            else:
                self.skip_to("'")
        elif text[at] == '"':
            self.at += 1
            self.keep(SUBSTITUTION if text.startswith("$(", at + 1) else "_")
            self.skip_quoted()
        elif text[at] == "`":
            self.at += 1
            self.skip_to("`")
        elif text[at] == "#" and word_start:
            stop = text.find("\n", at)
            self.at = len(text) if stop < 0 else stop
        elif word_start and text.startswith("((", at):
            self.at += 2
            self.keep("_")
            self.skip_substitution()
            self.at += text.startswith(")", self.at)
        elif word_start and text.startswith("[[ ", at):
            self.keep("_")
            self.skip_to("]]")
        elif text.startswith("$(", at) or text.startswith("${", at):
            closing = ")" if text[at + 1] == "(" else "}"
            self.at += 2
            self.keep(SUBSTITUTION if closing == ")" and not text.startswith("$((", at) else "_")
            if closing == ")":
                self.skip_substitution()
            else:
                self.skip_to("}")
        elif here and text[at - 1] != "<":
            self.waiting.append(here.group(2))
            self.at = here.end()
        elif text[at] == "\n":
            self.keep("\n")
            self.at += 1
            self.skip_here_documents()
        else:
            self.keep(text[at])
            self.at += 1

    def scan(self, until=None):
        depth = 0
        while self.at < len(self.text):
            c = self.text[self.at]
            if until and c == until and depth == 0:
                self.at += 1
                break
            before = self.at
            self.scan_one()
            if self.at == before + 1:
                depth += {"(": 1, until: -1}.get(c, 0)
        return "".join(self.out)


def lists(text):
    """(line number, list of commands joined by && || |, what ends it) of shell text: for checks of form alone."""
    text = re.sub(r"\\\n", " \0", Scanner(text).scan())
    text = re.sub(r"(&&|\|\||\|)[ \t]*\n", "\\1 \0", text)
    line = 1
    for part, end in re.findall(r"([^;\n(){}]*)(;;|[;\n(){}]|$)", text):
        words = part.replace("\0", " ").strip()
        while words.split(" ", 1)[0] in OPENERS:
            words = words.partition(" ")[2].lstrip()
        yield line, words, end
        line += part.count("\0") + (end == "\n")
