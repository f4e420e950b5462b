"""Lines that the server exports, read without the copies that they hold of what their bodies say.

An export lists its payloads beside the body that they came in. The body is the truth, and to make values of the copies
takes twice as long as to read the body; here they are only stepped over.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Struct, UnsetType, field


class Headers(Struct, frozen=True):
    """What is read of the headers of a request."""

    user_agent: str = field(default="", name="user-agent")
    written_otherwise: UnsetType = field(default=UNSET, name="User-Agent")


class Request(Struct, frozen=True):
    """What is read of a request."""

    body: str
    headers: Headers | None = None


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    """A reply that is a mere status."""

    status: int


class Exported(Struct, frozen=True, kw_only=True):
    """A delivery as the server exports it, as far as its body does not tell it.

    The last five members are those that no such delivery has, but a call, a document, a page, a HAR or a stray.
    """

    destination: str | None
    request: Request
    kind: str | None = None
    run: str | None = None
    received_at: str | None = None
    reply: Answer | None = None
    type: UnsetType = UNSET
    list: UnsetType = UNSET
    deliveries: UnsetType = UNSET
    log: UnsetType = UNSET
    unexpected: UnsetType = UNSET


_DECODER = msgspec.json.Decoder(Exported)


def read_export(text: bytes) -> Exported | None:
    """The delivery that a line tells of; None where it is not plainly one line of an export.

    What is stepped over is known to be JSON, but for numbers that are too large for any reader.
    """
    try:
        if not text.isascii():
            text.decode()
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
