"""What expectations ask for and what was found, in the words of a report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from harness.core.profiles import Profile
from harness.core.scenario.evidence import Message, written
from harness.core.scenario.model import Match

_SHOWN = 5


def described(match: Match) -> str:
    """What `match` asks for, to stand behind a destination's name; empty where it admits all."""
    for_whom = "" if match.profiles is None else f" for {named(match.profiles)}"
    parts = [
        f"{name} {written(value)}" for name in ("type", "event", "action", "key") if (value := getattr(match, name))
    ]
    if match.steps:
        parts.insert(0, f"step {written(match.steps[0][1])}")
    parts.extend(f"{path} {written(value)}" for path, value in match.where.items())
    return f"{for_whom}, with {', '.join(parts)}" if parts else for_whom


def listed(words: Collection[str]) -> str:
    """`words` in a row, cut where there are many; `nobody` for none."""
    shown = list(words)[:_SHOWN]
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(shown) + more if shown else "nobody"


def named(profiles: Collection[Profile]) -> str:
    """The names of `profiles`."""
    return listed([profile.name for profile in profiles])


def user_text(user: Mapping[str, Any]) -> str:
    """The user of a list entry."""
    first, *others = [str(user[name]) for name in ("userId", "email", "anonymousId") if user.get(name)] or ["somebody"]
    return f"{first} ({', '.join(others)})" if others else first


def attempts_of(message: Message) -> str:
    """How often `message` was tried."""
    number = len(message.sightings)
    return f"{number} attempt{'' if number == 1 else 's'}"
