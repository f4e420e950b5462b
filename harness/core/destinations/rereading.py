"""Payloads that are read from their body again whenever somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from harness.core.delivery import Payload
from harness.core.destinations.bodies import parse
from harness.core.destinations.kinds import KINDS


class Reread(Sequence[Payload]):
    """The payloads in a body that was unpacked before.

    A ledger keeps every body anyway; keeping what was parsed from it as well would take three times the memory, and
    most of it is never asked for. Whoever needs several payloads iterates once.
    """

    __slots__ = ("_body", "_count", "_kind")

    def __init__(self, kind: str, body: bytes, count: int) -> None:
        """Read `body` as the destination kind `kind` does; it is known to hold `count` payloads."""
        self._kind = kind
        self._body = body
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Payload]:
        return iter(self._read())

    @overload
    def __getitem__(self, index: int) -> Payload: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Payload]: ...
    def __getitem__(self, index: int | slice) -> Payload | Sequence[Payload]:
        return self._read()[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._read() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._body)

    def __repr__(self) -> str:
        return repr(self._read())

    def _read(self) -> tuple[Payload, ...]:
        return parse(self._body, KINDS[self._kind].unpack).payloads
