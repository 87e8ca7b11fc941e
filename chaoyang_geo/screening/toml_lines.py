"""Where a rule file says what: the line of each table and key of a TOML text, for its errors."""

from __future__ import annotations

import re
from dataclasses import dataclass

# a string (of several lines first), a comment, a bracket, the end of a line
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[{\]}\n]',
    re.DOTALL,
)


@dataclass(frozen=True)
class RuleFile:
    """The statements of a TOML text that is known to be valid; lines are counted from 1.

    A statement is the head of a table or a key with its value, which may go on over lines.
    """

    statements: list[tuple[int, str]]
    starts: list[int]  # places among the statements where a block ``[[rule]]`` begins

    def line(self, rule: int | None, key: str, value: str = "") -> int:
        """Return the line of a key of a rule, and in its value that of a text where it is found.

        Where the key does not stand there the line is that of the head of its rule.
        """
        begin = 0 if rule is None else self.starts[rule]
        end = len(self.statements)
        if rule is not None and rule + 1 < len(self.starts):
            end = self.starts[rule + 1]
        name = rf"[\"']?{re.escape(key)}[\"']?\s*"
        # a key of its own, a dotted one, or the head of a table of that name
        head = (
            rf"(\[+\s*)?(rule\s*\.\s*)?{name}[=.\]]"
            if rule is not None
            else rf"(\[+\s*)?{name}[=.\]]"
        )
        for line, text in self.statements[begin:end]:
            if key and re.match(head, text):
                quoted = [f"{mark}{value}{mark}" for mark in "\"'"] if value else []
                places = [text.find(each) for each in quoted]
                at = min((place for place in places if place >= 0), default=0)
                return line + text[:at].count("\n")
        return self.statements[begin][0] if begin < len(self.statements) else 1


def rule_file(text: str) -> RuleFile:
    """Take a valid TOML text apart into its statements.

    Examples
    --------
    >>> from chaoyang_geo.screening.toml_lines import rule_file
    >>> file = rule_file('title = "a"\\n[[rule]]\\nnote = \\'\\'\\'\\nid =\\n\\'\\'\\'\\nid = [\\n"b"]\\n')
    >>> file.line(None, "title"), file.line(0, "id"), file.line(0, "id", "b"), file.line(0, "no")
    (1, 6, 7, 2)
    """
    statements = []
    depth, begin = 0, 0
    for match in [*_TOKEN.finditer(text), None]:
        token = match[0] if match else "\n"
        if token in ("[", "{"):
            depth += 1
        elif token in ("]", "}"):
            depth -= 1
        elif token == "\n" and not depth:
            end = match.start() if match else len(text)
            words = text[begin:end]
            if words.strip() and not words.lstrip().startswith("#"):
                blank = len(words) - len(words.lstrip())
                line = 1 + text[: begin + blank].count("\n")
                statements.append((line, words.lstrip()))
            begin = end + 1
    starts = [
        place
        for place, (_, words) in enumerate(statements)
        if re.match(r"\[\[\s*[\"']?rule[\"']?\s*\]\]", words)
    ]
    return RuleFile(statements, starts)
