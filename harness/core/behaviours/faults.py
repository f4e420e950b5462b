"""What can go wrong with a connection: each fault by its name, with what the sender sees of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from harness.core.delivery import Fault, FaultName

CLOSE_EARLY: FaultName = "close_while_reading"

FAULTS: Mapping[FaultName, str] = MappingProxyType(
    {
        "reset": "the connection is reset, without an answer",
        "empty": "the connection is closed in order, without an answer",
        "garbage": "what comes is not HTTP, and the connection is closed",
        "malformed_chunk": "status and headers come, then a chunk that is none, and the connection is closed",
        "hang": "nothing ever comes, until the sender gives up",
        "close_while_reading": "the connection is reset when half of the request is read",
    }
)
"""Every connection fault, and what the sender sees of it."""

assert FAULTS.keys() == set(get_args(FaultName)), "each fault is explained"  # noqa: S101  # at import: a typo here

REPLIES: Mapping[str, Fault] = MappingProxyType({name: Fault(name=name) for name in FAULTS})
