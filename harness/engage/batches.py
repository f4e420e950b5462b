"""Batches: messages with several items, of which an answer may tell some apart."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, Self


class Batch(Protocol):
    """Several items that go in one request."""

    def __len__(self) -> int:
        """How many they are."""
        ...

    def body(self) -> bytes:
        """The request's body."""
        ...

    def only(self, places: Collection[int]) -> Self:
        """The batch of the items in these places alone, counted from 0."""
        ...
