"""Faults in what lists are sent."""

from __future__ import annotations

from typing import Any

from harness.core.calls import ENTERED, EXITED
from harness.engage.faulty import Document, Fault

_EMITTER = "event_tester_lekqCASsZX"
_MEMBERSHIP = {"add": "true", "remove": "false"}


def _false_identify(document: Document) -> Any:
    """Calls for the removals of a document, and for the rest of it too; a document without removals stays."""
    return _calls(document, track=False) if document["remove"] else document


def _audience_exited(document: Document) -> Any:
    return _calls(document, track=True) if document["remove"] else document


def _calls(document: Document, *, track: bool) -> list[dict[str, Any]]:
    return [
        _call(document["list"], user, _MEMBERSHIP[action], track=track)
        for action in _MEMBERSHIP
        for user in document[action]
    ]


def _call(key: str, user: dict[str, str], value: str, *, track: bool) -> dict[str, Any]:
    identifiers = {name: value for name, value in user.items() if name != "email"}
    email = {"email": user["email"]} if "email" in user else {}
    if track:
        said = {"event": ENTERED if value == "true" else EXITED, "properties": {key: value}}
        return {"type": "track", **identifiers, **said, "context": {"traits": email}}
    return {"type": "identify", **identifiers, "traits": {key: value, **email}}


def _no_membership(document: Document) -> Any:
    calls = _calls({**document, "remove": []}, track=True)
    return [{**call, "properties": {}} for call in calls]


def _tester(document: Document) -> Any:
    calls = _calls(document, track=True)
    return [{**call, "context": {**call["context"], "personas": {"event_emitter_id": _EMITTER}}} for call in calls]


def _every_other(document: Document) -> Document:
    return {**document, "add": document["add"][::2]}


def _capitals(document: Document) -> Document:
    return {**document, "list": document["list"].upper()}


LIST_FAULTS = (
    Fault(
        name="list-removal-by-identify",
        sentence="Leaving a step sends its lists an identify call with a false membership value.",
        rule="list-append-only",
        leaving_lists=True,
        document=_false_identify,
    ),
    Fault(
        name="list-removal-by-audience-exited",
        sentence="Leaving a step sends its lists the event `Audience Exited`.",
        rule="list-append-only",
        leaving_lists=True,
        document=_audience_exited,
    ),
    Fault(
        name="list-calls-without-membership",
        sentence="Lists get calls that say nothing of membership.",
        rule="destination-kind",
        document=_no_membership,
    ),
    Fault(
        name="test-events-to-list",
        sentence="Lists get their users as test events of the event tester.",
        rule="destination-kind",
        document=_tester,
    ),
    Fault(
        name="list-key-in-capitals",
        sentence="Lists are synced under their key in capitals.",
        rule="key-naming",
        document=_capitals,
    ),
    Fault(
        name="list-users-lost",
        sentence="Every other user of a list is never added.",
        rule=None,
        document=_every_other,
    ),
)
