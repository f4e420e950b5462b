"""Faults in what is sent, to whom, and how often."""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec.structs import replace

from harness.core.systems import Address
from harness.engage.faulty import Call, Fault, Sending
from harness.engage.identities import Recipient
from harness.engage.payloads import JOURNEY_CALLS
from harness.engage.wrong import change


def _doubled(call: Call, sending: Sending) -> Sequence[Call]:
    return call, {**call, "messageId": sending.ids.message("doubled", call["messageId"])}


def _one_message_id(call: Call, sending: Sending) -> None:
    call["messageId"] = sending.ids.message("message-id-reused")


def _message_id_of_user(call: Call, sending: Sending) -> None:
    call["messageId"] = sending.ids.message("message-id-of-user", sending.step.key, str(sending.recipient))


def _by_snippet(call: Call, sending: Sending) -> Sequence[Call]:
    library = {"name": "tool-snippet", "version": "1.0.0"}
    context = {**call["context"], "library": library}
    return call, {**call, "messageId": sending.ids.message("snippet", call["messageId"]), "context": context}


def _last_forgotten(call: Call, sending: Sending) -> Sequence[Call]:
    to = sending.step.step.to
    return () if len(to) > 1 and to[-1] == sending.address.name else (call,)


def _first_email(recipients: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    return recipients[:1]


def _half_lost(call: Call, sending: Sending) -> Sequence[Call]:
    return (call,) if sending.ids.fraction("users-lost", str(sending.recipient)) < 0.5 else ()


def _as_list(address: Address) -> Address:
    return replace(address, kind="list")


def _all_calls(address: Address) -> Address:
    return replace(address, calls=JOURNEY_CALLS)


def _broken_json(body: bytes) -> bytes:
    return body[:-1]


def _text(body: bytes) -> bytes:
    return json.dumps(body.decode()).encode()


def _nothing(body: bytes) -> bytes:
    return b""


SENDING_FAULTS = (
    Fault(
        name="list-remove",
        sentence="Leaving a step removes people from its lists, though the journey declares no exit.",
        rule="list-append-only",
        leaving_lists=True,
    ),
    Fault(
        name="doubled-with-new-message-id",
        sentence="Every call is sent twice, under two message ids.",
        rule="once-per-entry",
        calls=_doubled,
    ),
    Fault(
        name="snippet-left-in-place",
        sentence="Every call comes a second time, from the tool's own snippet.",
        rule="duplicate-source",
        calls=_by_snippet,
    ),
    Fault(
        name="message-id-reused",
        sentence="All calls, whoever they are about, have the same `messageId`.",
        rule="message-id-unique",
        calls=change(_one_message_id),
    ),
    Fault(
        name="message-id-shared-by-call-types",
        sentence="A user's track and identify calls have the same `messageId`.",
        rule="message-id-unique",
        calls=change(_message_id_of_user),
    ),
    Fault(
        name="list-document-to-event-destination",
        sentence="Event destinations get list sync documents where calls are due.",
        rule="destination-kind",
        address=_as_list,
    ),
    Fault(
        name="unasked-call-type",
        sentence="Event destinations get every type of call, whichever they take.",
        rule="destination-kind",
        address=_all_calls,
    ),
    Fault(
        name="broken-json",
        sentence="Bodies lack their last character.",
        rule="malformed-body",
        body=_broken_json,
    ),
    Fault(
        name="json-in-json",
        sentence="Bodies are JSON texts that hold the JSON which is due.",
        rule="malformed-body",
        body=_text,
    ),
    Fault(
        name="empty-body",
        sentence="Bodies are empty.",
        rule="malformed-body",
        body=_nothing,
    ),
    Fault(
        name="one-email-only",
        sentence="Of a profile's emails, only the first is sent.",
        rule=None,
        recipients=_first_email,
    ),
    Fault(
        name="last-destination-forgotten",
        sentence="The last of a step's several destinations gets no calls.",
        rule=None,
        calls=_last_forgotten,
    ),
    Fault(
        name="users-lost",
        sentence="Half of the users are never sent.",
        rule=None,
        calls=_half_lost,
    ),
)
