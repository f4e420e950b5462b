"""Did you mean: the known name that an unknown one is most like."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

_SHOWN_NAMES = 12


def near_miss(name: str, known: Collection[str]) -> str:
    """What to add to a message about an unknown name: `; did you mean 'x'?`, `; known: a, b`, or nothing."""
    by_letters = {each.casefold(): each for each in known}
    close = get_close_matches(name.casefold(), by_letters, n=1)
    if close:
        return f"; did you mean {by_letters[close[0]]!r}?"
    listed = sorted(known)
    more = f", and {len(listed) - _SHOWN_NAMES} more" if len(listed) > _SHOWN_NAMES else ""
    return f"; known: {', '.join(listed[:_SHOWN_NAMES])}{more}" if listed else ""
