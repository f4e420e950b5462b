"""How senders retry: what each of them tries again, how long it waits at least, and when it gives up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from harness.core.documents import At, Document
from harness.core.instants import DAY, HOUR, MINUTE, SECOND, Duration, parse_duration
from harness.core.tables import open_table

ALL = frozenset(range(300, 600))
_SEGMENT = frozenset({408, 423, 429, 500, *range(502, 512), 598, 599})
_THROTTLES = frozenset({429, 503})


class RetryProfile(Struct, frozen=True, kw_only=True):
    """What a sender that follows it does after each answer; failed connections and time-outs are always retried."""

    name: str
    source: str
    """Where that is documented."""
    statuses: frozenset[int]
    """Statuses after which a message is sent again; after every other one, it is not."""
    once: frozenset[int] = frozenset()
    """Statuses after which it is sent again a single time."""
    obeys: frozenset[int] = _THROTTLES
    """Statuses with which a `Retry-After` is obeyed."""
    told_most: Duration = DAY
    """A longer `Retry-After` may be cut down to this."""
    told_in_all: Duration | None = None
    """How long it lets itself be told to wait, until it gives up; None: as long as the window."""
    first: Duration
    """The least first wait; the waits after it are longer by `growth` each, up to `cap`."""
    growth: float = 1.0
    cap: Duration = 20 * MINUTE
    at_once: bool = False
    """Whether the very first retry may come at once, so that `first` is the least wait after that."""
    even: bool = False
    """Whether waits may be all alike; otherwise four in a row that are, below half of `cap`, are no back-off."""
    attempts: int | None = None
    """How many attempts it makes at most, those after a `Retry-After` aside; None: as many as fit."""
    window: Duration
    """How long after the first attempt it goes on."""

    def retries(self, status: int) -> bool:
        """Whether a message is sent again after `status`; 0 is no answer at all."""
        return status == 0 or status in self.statuses

    def least_wait(self, nth: int) -> Duration:
        """How long at least it waits before retry number `nth`, counted from 1 and from the last `Retry-After`."""
        place = nth - 1 - self.at_once
        return 0 if place < 0 else round(min(self.first * self.growth ** min(place, 64), self.cap))


_ALL = (
    RetryProfile(
        name="segment",
        source="Segment's destinations page (four hours, randomised exponential back-off), its list of integration "
        "error codes, and the statuses of RetryableError in its action destinations; that a second retry "
        "waits 100 ms is an assumption",
        statuses=_SEGMENT,
        once=frozenset({401}),
        first=SECOND // 10,
        at_once=True,
        window=4 * HOUR,
    ),
    RetryProfile(
        name="analytics-python",
        source="The source of segment-analytics-python 2.4: consumer.py and request.py, with its default settings",
        statuses=frozenset({408, 410, 429, 460, *range(500, 600)}) - {501, 505, 511},
        obeys=frozenset({408, 410, 429, 460, *range(500, 600)}) - {501, 505, 511},
        told_most=300 * SECOND,
        told_in_all=1800 * SECOND,
        first=SECOND // 2,
        growth=2.0,
        cap=60 * SECOND,
        at_once=True,
        even=True,
        attempts=11,
        window=12 * HOUR,
    ),
    RetryProfile(
        name="standard-webhooks",
        source="Standard Webhooks specification: every answer but 2xx is a failure, 410 ends it, Retry-After is "
        "obeyed, and its example schedule goes from 5 seconds to 24 hours, about 76 hours in all",
        statuses=ALL - {410},
        obeys=frozenset({429, 502, 503, 504}),
        first=SECOND,
        cap=DAY,
        window=80 * HOUR,
    ),
)
PROFILES: Mapping[str, RetryProfile] = open_table("retry profile", _ALL, lambda profile: profile.name)
"""The profiles that are built in."""
NOT_JUDGED = replace(PROFILES["segment"], name="none", source="nothing")
"""In place of a profile: nobody knows how the sender retries."""

_CUSTOM = "custom"
_DURATIONS = MappingProxyType({"first": "first", "cap": "cap", "window": "window", "retry_after_most": "told_most"})


def retry_profile(written: str | Mapping[str, Any]) -> RetryProfile:
    """The profile that `written` names, or describes; a schema has accepted it."""
    if isinstance(written, str):
        return NOT_JUDGED if written == NOT_JUDGED.name else PROFILES[written]
    base = retry_profile(written.get("like", "segment"))
    durations: dict[str, Any] = {_DURATIONS[key]: parse_duration(written[key]) for key in _DURATIONS if key in written}
    sets: dict[str, Any] = {key: _statuses(written[key]) for key in ("statuses", "once") if key in written}
    obeys: dict[str, Any] = {"obeys": _statuses(written["retry_after"])} if "retry_after" in written else {}
    plain: dict[str, Any] = {key: written[key] for key in ("growth", "attempts", "even", "at_once") if key in written}
    return replace(base, name=_CUSTOM, source="your own", **durations, **sets, **obeys, **plain)


def profile_at(document: Document, at: At, written: str | Mapping[str, Any]) -> RetryProfile:
    """The profile that is `written` at that place; DocumentError where a span, or its waits, cannot be meant so."""
    own: Mapping[str, Any] = {} if isinstance(written, str) else written
    for key in ("statuses", "once", "retry_after"):
        for index, each in enumerate(own.get(key, ())):
            first, _, last = str(each).partition("-")
            if last and last < first:
                message = f"the span {each} ends before it begins, so that no status is in it"
                raise document.at_value((*at, key, index), message, f"write {last}-{first}")
    profile = retry_profile(written)
    if profile.name == _CUSTOM and profile.first > profile.cap:
        message = "the least first wait is longer than `cap`, the longest of the least waits"
        place = "first" if "first" in own else "cap"
        raise document.at_value((*at, place), message, "write a shorter `first`, or a longer `cap`")
    return profile


def _statuses(written: list[int | str]) -> frozenset[int]:
    """The statuses in a list of them, of ranges such as `502-511` and of classes such as `5xx`."""
    return frozenset(status for each in written for status in _span(each))


def _span(each: int | str) -> range:
    if isinstance(each, int):
        return range(each, each + 1)
    if each.endswith("xx"):
        return range(int(each[0]) * 100, int(each[0]) * 100 + 100)
    first, _, last = each.partition("-")
    return range(int(first), int(last or first) + 1)
