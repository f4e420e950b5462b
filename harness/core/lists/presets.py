"""How often well-known list destinations synchronise, and from what size they use a list, as documents say."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from harness.core.instants import DAY, HOUR
from harness.core.lists.syncs import Sync
from harness.core.tables import open_table

_ENGAGE = "Using Engage Data, Segment documentation"


class Cadence(Struct, frozen=True, kw_only=True):
    """A documented cadence; of a range, its slow end, since what is in effect then is so at any quicker one."""

    name: str
    sync: Sync
    says: str
    source: str


class MinimumSize(Struct, frozen=True, kw_only=True):
    """A documented size below which a list is not used."""

    name: str
    members: int
    source: str


def _every(name: str, hours: int, says: str, source: str) -> Cadence:
    return Cadence(name=name, sync=Sync(every=hours * HOUR), says=says, source=source)


CADENCES: Mapping[str, Cadence] = open_table(
    "cadence",
    (
        _every("hourly", 1, "in most cases once per hour", _ENGAGE),
        _every("facebook", 1, "adds and removes every hour", _ENGAGE),
        _every("google-ads", 6, "once every six hours or more", _ENGAGE),
        Cadence(
            name="slow-start",
            sync=Sync(first=6 * HOUR, every=3 * HOUR),
            says="the first takes 6 hours or more, later ones 2 to 3",
            source="Note on the frequency of syncs, Segment documentation",
        ),
        _every("audiences", 6, "1 to 6 hours", "Engage Audiences, Segment documentation"),
        _every("product-limits", 15, "12 to 15 hours", "Engage product limits, Segment documentation"),
        _every(
            "marketo-static-lists", 18, "15 to 18 hours", "Marketo Static Lists (Actions), Segment documentation"
        ),
        Cadence(
            name="trade-desk", sync=Sync(every=DAY), says="all of the list once a day",
            source="The Trade Desk CRM, Segment documentation",
        ),
    ),
    lambda cadence: cadence.name,
)  # fmt: skip
MINIMUM_SIZES: Mapping[str, MinimumSize] = open_table(
    "minimum size",
    (
        MinimumSize(name="liveramp", members=25, source="LiveRamp Audiences, Segment documentation"),
        MinimumSize(name="facebook", members=100, source="Facebook Custom Audiences, Segment documentation"),
        MinimumSize(name="google-ads", members=100, source="Google Ads Remarketing Lists, Segment documentation"),
        MinimumSize(name="tiktok", members=1000, source="TikTok Audiences, Segment documentation"),
        MinimumSize(name="trade-desk", members=1500, source="The Trade Desk CRM, Segment documentation"),
    ),
    lambda size: size.name,
)
