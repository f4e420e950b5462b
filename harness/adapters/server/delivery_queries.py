"""The query parameters that choose deliveries: filters, pages and waits."""

from __future__ import annotations

from typing import Any, Final

from harness.adapters.server.routes import Parameter, whole_number
from harness.core.instants import SECOND, Duration, parse_duration
from harness.core.rules.catalogue import RULES
from harness.core.spelling import near_miss

DEFAULT_PAGE: Final = 100
LARGEST_PAGE: Final = 10_000
LONGEST_WAIT: Final[Duration] = 60 * SECOND
_TEXT: Final[dict[str, Any]] = {"type": "string"}
_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_NUMBER: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}
_ORDERS: Final = ("oldest", "newest")
_DURATION: Final[dict[str, Any]] = {"$ref": "#/components/schemas/Duration"}


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"write true or false, not {text!r}")
    return text == "true"


def _rule(text: str) -> str:
    if text not in RULES:
        raise ValueError(f"unknown rule {text[:80]!r}{near_miss(text[:80], RULES)}")
    return text


def _words(text: str) -> str:
    if not text:
        raise ValueError("it is empty: write what to search for, or leave it out")
    return text


def _order(text: str) -> str:
    if text not in _ORDERS:
        raise ValueError(f"unknown order {text[:80]!r}{near_miss(text[:80], _ORDERS)}")
    return text


def _filter(name: str, description: str, schema: dict[str, Any] = _TEXT, read: Any = str) -> Parameter:
    return Parameter(name=name, description=description, schema=schema, read=read)


FILTERS: Final = (
    _filter("destination", "Deliveries to this destination."),
    _filter("rule", "Those that break this rule, by themselves or together with others.", {"enum": list(RULES)}, _rule),
    _filter("type", "Those with a call of this type."),
    _filter("event", "Those with a call of this event."),
    _filter("user", "Those about a user with this userId, anonymousId or email."),
    _filter("key", "Those about this step key."),
    _filter("status", "Those that were answered with this status.", _NUMBER, whole_number),
    _filter("accepted", "Those that were, or were not, answered 2xx.", _FLAG, _flag),
    _filter(
        "search", "Those whose body has this text in it, in whatever case.", {"type": "string", "minLength": 1}, _words
    ),
    _filter("unexpected", "Those for destinations that do, or do not, exist.", _FLAG, _flag),
)
AFTER: Final = _filter("after", "Only numbers above this one.", {**_NUMBER, "default": 0}, whole_number)
PAGING: Final = (
    AFTER,
    _filter("before", "Only numbers below this one.", _NUMBER, whole_number),
    _filter("order", "`oldest` first, or `newest` first.", {"enum": list(_ORDERS), "default": "oldest"}, _order),
    _filter(
        "limit",
        f"At most so many on a page, and never more than {LARGEST_PAGE}.",
        {"type": "integer", "minimum": 1, "default": DEFAULT_PAGE},
        whole_number,
    ),
    _filter("count", "Wait until there are so many.", {**_NUMBER, "default": 0}, whole_number),
    _filter(
        "settled", "Wait until none is in flight, and nothing new has come for so long.", _DURATION, parse_duration
    ),
    _filter(
        "wait", "For at most so long, and never more than 60s; without it, answer at once.", _DURATION, parse_duration
    ),
)
