"""List destinations: they take members, as list sync documents, as calls, or as life-cycle requests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from harness.core.calls import DELETE, EXIT_EVENTS, call_user, subject
from harness.core.delivery import Payload, Violation
from harness.core.destinations.bodies import Unpacked, described, is_sync_document, malformed
from harness.core.membership import key_of

ADD = "add"
REMOVE = "remove"


def unpack_members(document: Any) -> Unpacked:
    """The list entries in a body, in any of its three forms."""
    if isinstance(document, list):
        return (
            _calls(document)
            if document
            else malformed("the array holds no call", "at least one call", "an empty array")
        )
    if not isinstance(document, dict):
        return malformed(
            "the body is neither a list sync document nor calls", "an object or an array", described(document)
        )
    if "type" in document:
        return _calls([document])
    if is_sync_document(document):
        return _sync_document(document)
    return _life_cycle(document)


def _sync_document(document: dict[str, Any]) -> Unpacked:
    problem = _sync_problem(document)
    if problem is not None:
        return problem
    entries = [
        {"list": document["list"], "action": action, "user": user}
        for action in (ADD, REMOVE)
        for user in document.get(action) or ()
    ]
    return Unpacked(payloads=tuple(entries))


def _sync_problem(document: dict[str, Any]) -> Unpacked | None:
    """What keeps a document from being unpacked, if anything does."""
    if not isinstance(document["list"], str):
        return malformed("`list` is not the key of a list", "a string", described(document["list"]))
    if ADD not in document and REMOVE not in document:
        return malformed("the list sync document adds and removes nobody", "`add` or `remove`", "neither")
    surplus = sorted(set(document) - {"list", ADD, REMOVE})
    if surplus:
        return malformed("the list sync document has unknown members", "list, add, remove", ", ".join(surplus))
    for action in (ADD, REMOVE):
        users = document.get(action, [])
        if not isinstance(users, list) or not all(isinstance(user, dict) for user in users):
            return malformed(f"`{action}` is not an array of users", "an array of objects", _described_users(users))
    return None


def _described_users(users: Any) -> str:
    """What stands where users belong: an array is told by the first thing in it that is none."""
    if not isinstance(users, list):
        return described(users)
    return f"an array that holds {next(described(user) for user in users if not isinstance(user, dict))}"


def _calls(calls: list[Any]) -> Unpacked:
    for index, call in enumerate(calls):
        if not isinstance(call, dict):
            return malformed(f"item {index} of the array is not a call", "an object", described(call))
        if is_sync_document(call):
            what = f"item {index} of the array is a list sync document"
            return malformed(what, "one list sync document, or an array of calls", "a list sync document in an array")
    entries = [_entry(call) for call in calls]
    strays = tuple(
        _stray(index, call) for index, call in enumerate(calls) if entries[index] is None and call.get("type") != DELETE
    )
    payloads = tuple(call if entry is None else entry for call, entry in zip(calls, entries, strict=True))
    return Unpacked(payloads=payloads, calls=tuple(calls), violations=strays)


def _entry(call: dict[str, Any]) -> Payload | None:
    """The list entry that a call amounts to; None where it says nothing of membership."""
    key = key_of(call)
    value = None if key is None else subject(call).get(key)
    action = {"true": ADD, "false": REMOVE}.get(str(value).lower()) if isinstance(value, bool | str) else None
    if action is None:
        return None
    if call.get("event") in EXIT_EVENTS:
        action = REMOVE
    return {"list": key, "action": action, "user": call_user(call)}


def _stray(index: int, call: dict[str, Any]) -> Violation:
    return Violation(
        rule="destination-kind",
        message="a call without a membership value was sent to a list destination",
        payload=index,
        expected="a call whose key property says whether the user is a member",
        actual=f"a {call.get('type')} call with none",
    )


def _life_cycle(document: dict[str, Any]) -> Unpacked:
    """The two requests by which a webhook audience is created and looked up."""
    name, identifier = document.get("audienceName"), document.get("externalId")
    if isinstance(name, str) and name:
        return Unpacked(answer={"externalId": external_id(name)}, creates=name)
    if isinstance(identifier, str) and identifier:
        return Unpacked(answer={"externalId": identifier}, looks_up=identifier)
    expected = "`list` with `add` or `remove`, calls with a `type`, `audienceName` or `externalId`"
    return malformed("the object is no form that a list destination takes", expected, _members(document))


def external_id(audience: str) -> str:
    """The id under which the destination keeps the audience of that name: the same name, the same id."""
    return "ext_" + hashlib.blake2b(audience.encode(), digest_size=8).hexdigest()


def _members(document: dict[str, Any]) -> str:
    return ", ".join(_names(document)) or "an empty object"


def _names(document: dict[str, Any]) -> Iterator[str]:
    for name in list(document)[:8]:
        yield f"`{name[:40]}`"
