"""Chance that can be played again: hashes of a seed and of what is drawn for."""

from __future__ import annotations

import math
from hashlib import blake2b

_BYTES = 8
_VALUES = 1 << 8 * _BYTES


def fraction(seed: int, *labels: str) -> float:
    """A number from 0 up to 1, as if by chance; equal seeds and labels give equal numbers."""
    text = "\x1f".join((str(seed), *labels)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=_BYTES).digest(), "big") / _VALUES


def normal(seed: int, *labels: str) -> float:
    """A number of the standard normal distribution, drawn likewise (Box and Muller's transform)."""
    first, second = fraction(seed, "radius", *labels), fraction(seed, "angle", *labels)
    return math.sqrt(-2 * math.log(1 - first)) * math.cos(2 * math.pi * second)
