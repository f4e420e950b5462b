"""Which key a call is about: the name under which it says that its user is a member."""

from __future__ import annotations

from typing import Any

from harness.core.calls import personas, subject
from harness.core.delivery import Payload

KEY_PREFIX = "j_o_"
_MEMBERSHIP = ("true", "false")


def key_of(call: Payload) -> str | None:
    """The key of a call; None where nothing in it can be one.

    It is `context.personas.computation_key`, else `properties.audience_key`, else the only property or trait
    that has the prefix of a journey key, else the only one that holds a membership value.
    """
    key = personas(call).get("computation_key")
    if isinstance(key, str) and key:
        return key
    said = subject(call)
    key = said.get("audience_key")
    if isinstance(key, str) and key:
        return key
    return _only(prefixed(call)) or _only([name for name, value in said.items() if is_membership(value)])


def prefixed(call: Payload) -> list[str]:
    """The properties or traits that have the prefix of a journey key; some may be those of other journeys."""
    return [name for name in subject(call) if name.startswith(KEY_PREFIX)]


def is_membership(value: Any) -> bool:
    """Whether `value` says that somebody is, or is not, a member, in any of the ways that occur."""
    return isinstance(value, bool) or value in _MEMBERSHIP


def _only(names: list[str]) -> str | None:
    return names[0] if len(names) == 1 else None
