"""Patterns that every engine reads in the same way: the common part of Python's, Rust's and JavaScript's syntax."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""(?P<escape>\\[nrt!-/:-@\[-`{-~])
    | (?P<set>\[\^?(?:\\[nrt!-/:-@\[-`{-~]|[^\\\[\]])+\])
    | (?P<open>\((?:\?:)?(?!\?))
    | (?P<close>\))
    | (?P<choice>\|)
    | (?P<repeat>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??(?![*+?{]))
    | (?P<plain>[^\\^$()\[\]{}|*+?])""",
    re.VERBOSE,
)
_SET_OPERATION = re.compile(r"&&|--|~~|\|\|")

_REMEDIES = {
    "\\": "write a class out, such as [0-9] or [A-Za-z0-9_]; a backslash goes only before punctuation and n, r, t",
    "[": "inside [...], escape [ and ], and do not leave it empty",
    "(": "use (...) and (?:...) only: no lookaround, no flags, no named groups",
    "^": "use ^ once, as the first character; escape it elsewhere",
    "$": "use $ once, as the last character; escape it elsewhere",
}
_OTHER_REMEDY = "escape the character, and repeat with *, +, ?, {n}, {n,} or {n,m} once"


def pattern_problem(pattern: str) -> tuple[str, str] | None:
    """What keeps `pattern` from meaning the same everywhere, and the remedy; None where nothing does."""
    if not pattern.isascii() or not pattern.isprintable():
        return "the pattern holds characters outside printable ASCII", "match others with a class such as [^a-z]"
    if len(pattern) < 2 or pattern[0] != "^" or pattern[-1] != "$":
        whole = f"^(?:{pattern.strip('^$')})$"
        right = _inner_problem(whole[1:-1]) is None and _python_problem(whole) is None
        return (
            "the pattern does not match whole strings",
            f"write {whole}" if right else "begin it with ^, end it with $",
        )
    return _inner_problem(pattern[1:-1]) or _python_problem(pattern)


def _inner_problem(inner: str) -> tuple[str, str] | None:
    depth = position = 0
    while position < len(inner):
        match = _TOKEN.match(inner, position)
        if match is None:
            what = inner[position : position + 3]
            return f"{what} is not understood alike by all engines", _REMEDIES.get(what[0], _OTHER_REMEDY)
        kind = match.lastgroup
        if kind == "set" and _SET_OPERATION.search(match[0]):
            return f"{match[0]} is a set operation in one engine", "name each character once, and put - last"
        if kind == "choice" and depth == 0:
            return "the alternatives are not in a group, so ^ and $ belong to one of them only", f"write ^(?:{inner})$"
        depth += (kind == "open") - (kind == "close")
        position = match.end()
    return None


def _python_problem(pattern: str) -> tuple[str, str] | None:
    try:
        re.compile(pattern)
    except re.error as error:
        return f"the pattern is not a regular expression: {error}", "mend it at that position"
    return None
