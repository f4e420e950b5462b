"""Profiles: the people whom journeys send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field


class Profile(Struct, frozen=True, kw_only=True):
    """One person, with the identifiers and traits that a space knows of them."""

    name: str
    """The name by which a scenario refers to the profile."""
    user_id: str | None = None
    anonymous_id: str | None = None
    emails: tuple[str, ...] = ()
    traits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identifiers(self) -> frozenset[str]:
        """All that it can be known by."""
        return frozenset(name for name in (self.user_id, self.anonymous_id, *self.emails) if name)
