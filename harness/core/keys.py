"""The names by which destinations know a journey's users: slugs and step keys.

No document states the grammar; it is read off every published specimen, and `tests/cases/keys` holds them all.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from msgspec import Struct

JOURNEY_SLUG_LENGTH = 73
STEP_SLUG_LENGTH = 170
KEY_LENGTH = 255

SUFFIX_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
SUFFIX_LENGTH = 5

_APOSTROPHES = re.compile("['\u2018\u2019\u02bc\u0060\u00b4]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")
_SLUG = r"[a-z0-9]+(?:_[a-z0-9]+)*"
_KEY = re.compile(rf"j_o_({_SLUG})__({_SLUG})_([a-z0-9]{{5,6}})")


class StepKey(Struct, frozen=True, kw_only=True):
    """The three parts of a key `j_o_<journey>__<step>_<suffix>`."""

    journey: str
    step: str
    suffix: str

    def __str__(self) -> str:
        return f"j_o_{self.journey}__{self.step}_{self.suffix}"


def slug(name: str, length: int) -> str:
    """`name` in the letters of a key: lower-case ASCII words joined by `_`, at most `length` long, never empty."""
    plain = name if name.isascii() else _without_accents(name)
    words = _CAMEL.sub("_", _APOSTROPHES.sub("", plain)).lower()
    return _OTHER.sub("_", words).strip("_")[:length].strip("_") or "step"


def _without_accents(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))


def journey_slug(name: str) -> str:
    """The journey's part of a key."""
    return slug(name, JOURNEY_SLUG_LENGTH)


def step_slug(name: str) -> str:
    """The step's part of a key."""
    return slug(name, STEP_SLUG_LENGTH)


def parse_key(key: str) -> StepKey | None:
    """The parts of `key`, or None where it does not have the grammar or is too long."""
    return _parsed(key) if len(key) <= KEY_LENGTH else None  # first, so that the cache keeps nothing long


@lru_cache(maxsize=4096)
def _parsed(key: str) -> StepKey | None:
    match = _KEY.fullmatch(key)
    return match and StepKey(journey=match[1], step=match[2], suffix=match[3])


@lru_cache(maxsize=4096)
def skeleton(text: str) -> str:
    """The letters and digits of a slug or name: what two spellings of one name have in common."""
    return slug(text, len(text) * 4 + 4).replace("_", "") if text else ""
