"""What can be asked of the members of lists: query parameters, and whether JSON or CSV is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from harness.adapters.server.routes import JSON, Parameter
from harness.core.instants import Instant, parse_instant
from harness.core.spelling import near_miss

CSV: Final = "text/csv"
_FORMATS: Final = ("json", "csv")
_LAYOUTS: Final = ("formatted", "unformatted")


def _one_of(what: str, known: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"unknown {what} {text[:80]!r}{near_miss(text[:80], known)}")
        return text

    return read


def flag(text: str) -> bool:
    """The truth value that `text` writes; ValueError where it does not."""
    if text not in ("true", "false"):
        raise ValueError(f"write true or false, not {text[:80]!r}")
    return text == "true"


def _instant(text: str) -> Instant:
    try:
        return parse_instant(text)
    except (ValueError, OverflowError):
        raise ValueError(f"write an ISO 8601 time such as 2026-01-05T10:00:00Z, not {text[:80]!r}") from None


_LIST: Final = Parameter(name="list", description="Only the list with this key.", schema={"type": "string"}, read=str)
_WRITTEN: Final = (
    Parameter(
        name="format",
        description="JSON or CSV; without it, what the header `Accept` prefers, else JSON.",
        schema={"enum": list(_FORMATS)},
        read=_one_of("format", _FORMATS),
    ),
    Parameter(
        name="layout",
        description="Of CSV: a column for each identifier and trait, or one JSON object for all of each.",
        schema={"enum": list(_LAYOUTS), "default": "formatted"},
        read=_one_of("layout", _LAYOUTS),
    ),
)
MEMBERS: Final = (
    _LIST,
    Parameter(
        name="in_effect",
        description="Those who are members in effect: as of the last synchronisation.",
        schema={"type": "boolean", "default": False},
        read=flag,
    ),
    Parameter(
        name="at",
        description="Those who were members at that time, by the run's clock.",
        schema={"$ref": "#/components/schemas/Instant"},
        read=_instant,
    ),
    Parameter(
        name="details",
        description="With when each was added, and by which delivery and payload; CSV always tells.",
        schema={"type": "boolean", "default": False},
        read=flag,
    ),
    *_WRITTEN,
)
HISTORY: Final = (
    _LIST,
    Parameter(
        name="user",
        description="Only changes of a user with this userId, anonymousId or email.",
        schema={"type": "string"},
        read=str,
    ),
    *_WRITTEN,
)


def wants_csv(asked: Mapping[str, Any], accept: Sequence[str]) -> bool:
    """Whether CSV is asked for: by `format`, else because the headers `Accept` like it better than JSON."""
    if "format" in asked:
        return bool(asked["format"] == "csv")
    ranges = dict(_range(each) for header in accept for each in header.split(",") if each.strip())
    return _liked(CSV, ranges) > _liked(JSON, ranges)


def _range(text: str) -> tuple[str, float]:
    """A media range and its weight; what is no number weighs nothing."""
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    return media, float(weight) if weight.replace(".", "", 1).isdecimal() and weight.isascii() else 0.0


def _liked(media: str, ranges: Mapping[str, float]) -> float:
    """How well a media type is liked: the most specific range that has it counts."""
    for each in (media, f"{media.partition('/')[0]}/*", "*/*"):
        if each in ranges:
            return ranges[each]
    return 0.0
