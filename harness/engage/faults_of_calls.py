"""Faults in what a call says: its event, its membership value, its user, its own fields."""

from __future__ import annotations

from harness.core.calls import ENTERED, EXITED
from harness.engage.faulty import Call, Document, Fault, Sending
from harness.engage.wrong import assign, change, set_membership

_IDENTIFIERS = ("userId", "anonymousId")


def _entered_again(call: Call, sending: Sending) -> None:
    if call["type"] == "track":
        call["event"] = ENTERED


def _boolean(call: Call, sending: Sending) -> None:
    said = call["properties"] if call["type"] == "track" else call["traits"]
    said[sending.step.key] = said[sending.step.key] == "true"


def _yes(call: Call, sending: Sending) -> None:
    set_membership(call, sending, "yes")


def _one(call: Call, sending: Sending) -> None:
    set_membership(call, sending, 1)


def _other_words(call: Call, sending: Sending) -> None:
    if call["type"] == "track":
        call["event"] = call["event"].lower().replace(" ", "_")


def _staying_exit(call: Call, sending: Sending) -> None:
    if call.get("event") == EXITED:
        set_membership(call, sending, "true")


def _empty(call: Call, sending: Sending) -> None:
    call.update({name: "" for name in _IDENTIFIERS if name in call})


def _long_message_id(call: Call, sending: Sending) -> None:
    call["messageId"] += "0" * 100


def _33_kilobytes(call: Call, sending: Sending) -> None:
    call["properties" if call["type"] == "track" else "traits"]["history"] = "x" * 33 * 1024


def _without_email(call: Call, sending: Sending) -> None:
    call.get("traits", {}).pop("email", None)
    call["context"].pop("traits", None)


def _nobody(call: Call, sending: Sending) -> None:
    for name in _IDENTIFIERS:
        call.pop(name, None)


def _nobodies(document: Document) -> Document:
    return {"list": document["list"], **{action: [{} for _ in document[action]] for action in ("add", "remove")}}


CALL_FAULTS = (
    Fault(
        name="exit-sent",
        sentence="Leaving a step sends exit calls, though the journey declares no exit.",
        rule="entry-only",
        leaving_calls=True,
    ),
    Fault(
        name="false-sent",
        sentence="Leaving a step sends the entry event with a false membership value.",
        rule="entry-only",
        leaving_calls=True,
        calls=change(_entered_again),
    ),
    Fault(
        name="boolean-membership",
        sentence="The membership value is a boolean where the documents print a string.",
        rule="membership-value",
        calls=change(_boolean),
    ),
    Fault(
        name="yes-for-membership",
        sentence="The membership value is `yes`.",
        rule="membership-value",
        calls=change(_yes),
    ),
    Fault(
        name="number-for-membership",
        sentence="The membership value is the number 1.",
        rule="membership-value",
        calls=change(_one),
    ),
    Fault(
        name="event-in-other-words",
        sentence="Track calls are named `audience_entered`.",
        rule="entry-only",
        calls=change(_other_words),
    ),
    Fault(
        name="exit-says-true",
        sentence="Declared exits carry the membership value `true`.",
        rule="entry-only",
        calls=change(_staying_exit),
    ),
    Fault(
        name="empty-identifiers",
        sentence="The identifiers of calls are empty texts.",
        rule="identity",
        calls=change(_empty),
    ),
    Fault(
        name="user-id-as-number",
        sentence="The `userId` is a number.",
        rule="schema",
        calls=assign(userId=7),
    ),
    Fault(
        name="message-id-too-long",
        sentence="The `messageId` has more than 100 characters.",
        rule="schema",
        calls=change(_long_message_id),
    ),
    Fault(
        name="33-kilobytes",
        sentence="Calls have more than 32 KB.",
        rule="payload-size",
        calls=change(_33_kilobytes),
    ),
    Fault(
        name="wrong-user",
        sentence="Calls name a user who is somebody else.",
        rule=None,
        calls=assign(userId="somebody-else"),
    ),
    Fault(
        name="email-left-out",
        sentence="Calls carry no email.",
        rule=None,
        calls=change(_without_email),
    ),
    Fault(
        name="user-without-identity",
        sentence="Neither calls nor list users carry an identifier.",
        rule="identity",
        calls=change(_nobody),
        document=_nobodies,
    ),
    Fault(
        name="message-id-as-number",
        sentence="The `messageId` is a number.",
        rule="schema",
        calls=assign(messageId=7),
    ),
    Fault(
        name="timestamp-as-number",
        sentence="The `timestamp` is a number of seconds and not an ISO 8601 text.",
        rule="schema",
        calls=assign(timestamp=1_790_000_000),
    ),
)
