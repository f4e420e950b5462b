"""Places in what `replies:` writes, and what is wrong there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from harness.core.instants import Duration, parse_duration

At: TypeAlias = tuple[str | int, ...]
T = TypeVar("T")


class NotReplies(ValueError):
    """What `replies:` writes is no behaviour: where in it, what, and how to mend it."""

    def __init__(self, at: At, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.at = at
        self.remedy = remedy


class Place(Struct, frozen=True, kw_only=True):
    """A place in it, and what is known when a reply that stands there is decided on."""

    at: At = ()
    by_payload: bool = False
    """Whether what stands here depends on what the body holds."""
    of_item: bool = False
    """Whether it is the result of one item of a batch."""

    @property
    def name(self) -> str:
        """What memory is kept under."""
        return ".".join(map(str, self.at))

    def below(self, *parts: str | int, by_payload: bool = False, of_item: bool = False) -> Self:
        """A place below; what depends on the payload here does so there too."""
        return replace(
            self,
            at=(*self.at, *parts),
            by_payload=self.by_payload or by_payload or of_item,
            of_item=self.of_item or of_item,
        )

    def refuse(self, message: str, remedy: str = "") -> NotReplies:
        """The error about what stands here."""
        return NotReplies(self.at, message, remedy)

    def read(self, reader: Callable[[], T]) -> T:
        """What `reader` returns; its ValueError as one about this place."""
        try:
            return reader()
        except NotReplies:
            raise
        except ValueError as error:
            raise self.refuse(str(error)) from None

    def duration(self, text: str) -> Duration:
        """The duration that stands here."""
        return self.read(lambda: parse_duration(text))
