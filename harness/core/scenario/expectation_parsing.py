"""The expectations of a scenario, read from its document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.core.destinations.destination import WAREHOUSE
from harness.core.documents import At
from harness.core.profiles import Profile
from harness.core.scenario.model import (
    Amount,
    Attempts,
    Expectation,
    Match,
    MembersAre,
    NothingElse,
    Received,
    RowsAre,
    Undelivered,
    UnexpectedAllowed,
)
from harness.core.scenario.names import Names
from harness.core.scenario.setup import duration, unknown

_SOME = Amount(at_least=1)
_DEMANDS = frozenset({"are", "include", "exclude", "count", "targetable", "history"})
"""What can be demanded of a list; the other fields say which list, and when."""


def parse_expectation(names: Names, at: At) -> Expectation:
    """The expectation that stands at `at`."""
    ((name, _),) = names.value(at).items()
    return _PARSERS[name](names, (*at, name))


def _received(names: Names, at: At) -> Expectation:
    written = names.value(at)
    within = duration(names.document, (*at, "within"), written["within"]) if "within" in written else None
    return Received(
        mark=names.document.key_mark(at),
        match=_match(names, at),
        count=_amount(names, (*at, "count")) or _SOME,
        within=within,
    )


def _undelivered(names: Names, at: At) -> Expectation:
    count = _amount(names, (*at, "count")) or _SOME
    return Undelivered(mark=names.document.key_mark(at), match=_match(names, at), count=count)


def _attempts(names: Names, at: At) -> Expectation:
    each, total = _amount(names, (*at, "each")), _amount(names, (*at, "total"))
    if each is None and total is None:
        raise names.document.at_key(at, "no number of attempts is demanded", "give `each` or `total`")
    return Attempts(mark=names.document.key_mark(at), match=_match(names, at), each=each, total=total)


def _members(names: Names, at: At) -> Expectation:
    written = names.value(at)
    destination = names.destination((*at, "of"))
    if destination.kind != "list":
        message = f"{destination.name} is {_a(destination.kind)} destination, and has no members"
        raise names.document.at_value((*at, "of"), message, "name a list destination")
    if _DEMANDS.isdisjoint(written):
        message = "nothing is demanded of the list"
        raise names.document.at_key(at, message, "give are, include, exclude, count, targetable or history")
    not_on = _steps(names, at, "not_on") or ()
    return MembersAre(
        mark=names.document.key_mark(at),
        of=destination.name,
        on=_steps(names, at, "step"),
        not_on=not_on,
        are=names.people((*at, "are")) if "are" in written else None,
        include=names.people((*at, "include")) if "include" in written else (),
        exclude=names.people((*at, "exclude")) if "exclude" in written else (),
        count=_amount(names, (*at, "count")),
        at=duration(names.document, (*at, "at"), written["at"]) if "at" in written else None,
        in_effect=written.get("in_effect", False),
        targetable=written.get("targetable"),
        history=_history(names, at, written.get("history", {})),
    )


def _history(names: Names, at: At, written: Mapping[str, Sequence[str]]) -> tuple[tuple[Profile, tuple[str, ...]], ...]:
    if written and names.value(at).get("in_effect"):
        message = "a history is of what the destination was told, in effect or not"
        raise names.document.at_key((*at, "in_effect"), message, "leave one of `in_effect` and `history` out")
    found: list[tuple[Profile, tuple[str, ...]]] = []
    for name, actions in written.items():
        if name not in names.profiles:
            raise unknown(names.document, (*at, "history", name), "profile", name, names.profiles)
        found.extend((profile, tuple(actions)) for profile in names.profiles[name])
    return tuple(found)


def _rows(names: Names, at: At) -> Expectation:
    written = names.value(at)
    destination = names.destination((*at, "of"))
    if destination.kind != WAREHOUSE:
        message = f"{destination.name} is {_a(destination.kind)} destination, and has no tables"
        raise names.document.at_value((*at, "of"), message, "name a warehouse")
    are = written.get("are")
    return RowsAre(
        mark=names.document.key_mark(at),
        of=destination.name,
        sql=written["sql"],
        are=None if are is None else tuple(tuple(row) if isinstance(row, list) else row for row in are),
        count=_amount(names, (*at, "count")),
    )


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _nothing_else(names: Names, at: At) -> Expectation:
    return NothingElse(mark=names.document.key_mark(at))


def _unexpected(names: Names, at: At) -> Expectation:
    return UnexpectedAllowed(mark=names.document.key_mark(at))


def _match(names: Names, at: At) -> Match:
    written = names.value(at)
    profiles = names.people((*at, "profiles")) if "profiles" in written else None
    return Match(
        to=names.destinations_at((*at, "to")),
        steps=_steps(names, at, "step"),
        key=written.get("key"),
        profiles=profiles,
        identifiers=None if profiles is None else frozenset().union(*(p.identifiers for p in profiles)),
        type=written.get("type"),
        event=written.get("event"),
        action=written.get("action"),
        where=written.get("where", {}),
    )


def _steps(names: Names, at: At, member: str) -> tuple[tuple[str, str], ...] | None:
    """The declared steps with the name at `member`, of the journey that is named beside it or of any."""
    written: Mapping[str, Any] = names.value(at)
    journeys = [names.journey((*at, "journey"))] if "journey" in written else list(names.journeys.values())
    wanted = written.get(member)
    if wanted is None and not (member == "step" and "journey" in written):
        return None
    found = tuple((j.id, step.name) for j in journeys for step in j.steps if wanted in (None, step.name))
    if not found:
        known = {step.name: step for journey in journeys for step in journey.steps}
        raise unknown(names.document, (*at, member), "step", str(wanted), known)
    return found


def _amount(names: Names, at: At) -> Amount | None:
    """The amount that stands at `at`, where there is one."""
    written = names.value(at[:-1]).get(at[-1])
    match written:
        case None:
            return None
        case int():
            return Amount(at_least=written, at_most=written)
        case _:
            amount = Amount(at_least=written.get("at_least", 0), at_most=written.get("at_most"))
    if amount.at_most is not None and amount.at_most < amount.at_least:
        raise names.document.at_value(at, "no number is that large and that small", "make at_most at least at_least")
    return amount


_PARSERS: Mapping[str, Callable[[Names, At], Expectation]] = {
    "received": _received,
    "undelivered": _undelivered,
    "attempts": _attempts,
    "members": _members,
    "rows": _rows,
    "nothing_else": _nothing_else,
    "unexpected": _unexpected,
}
