"""How many requests well-known destinations take: the rates that Segment's documents name."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from harness.core.instants import SECOND, Duration
from harness.core.tables import open_table

_ENGAGE = "Using Engage Data, Segment documentation: rate limits on destinations, requests per second"
_MARKETO = "Marketo Static Lists (Actions), Segment documentation: at most 100 calls in 20 seconds"
_TRACKING = (
    "HTTP Tracking API, Segment documentation: 1,000 requests per second and workspace, else 429 and Retry-After"
)


class Rate(Struct, frozen=True, kw_only=True):
    """A documented rate."""

    name: str
    requests: int
    per: Duration
    source: str


def _per_second(name: str, requests: int) -> Rate:
    return Rate(name=name, requests=requests, per=SECOND, source=_ENGAGE)


_ALL = (
    _per_second("braze", 100),
    _per_second("customer-io", 30),
    Rate(
        name="hubspot",
        requests=10,
        per=SECOND,
        source=f"{_ENGAGE} (HubSpot: 5 objects per second, each of them 2 calls)",
    ),
    _per_second("intercom", 8),
    _per_second("iterable", 500),
    _per_second("mailchimp", 10),
    _per_second("marketo", 5),
    _per_second("marketo-static-lists", 5),
    Rate(name="marketo-static-lists-actions", requests=100, per=20 * SECOND, source=_MARKETO),
    _per_second("pardot", 2),
    _per_second("resci", 200),
    _per_second("responsys", 3),
    _per_second("responsys-batch", 3),
    _per_second("salesforce", 5),
    _per_second("sendgrid", 100),
    _per_second("sendgrid-lists", 100),
    _per_second("sfmc", 20),
    _per_second("sfmc-lists", 20),
    _per_second("zendesk", 50),
    Rate(name="segment-tracking-api", requests=1000, per=SECOND, source=_TRACKING),
)
RATES: Mapping[str, Rate] = open_table("rate", _ALL, lambda rate: rate.name)
