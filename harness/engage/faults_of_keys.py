"""Faults in the keys of steps."""

from __future__ import annotations

import json

from harness.core.instants import Instant
from harness.core.keys import SUFFIX_ALPHABET, SUFFIX_LENGTH, parse_key, step_slug
from harness.engage.faulty import Call, Fault, Minting, Sending
from harness.engage.wrong import change, set_personas


def _wrong_prefix(minting: Minting) -> str:
    return minting.key.replace("j_o_", "j_x_", 1)


def _capitals(minting: Minting) -> str:
    parsed = parse_key(minting.key)
    return f"j_o_{parsed.journey.title()}__{parsed.step.title()}_{parsed.suffix}" if parsed else minting.key.title()


def _short_suffix(minting: Minting) -> str:
    return minting.key[: 3 - SUFFIX_LENGTH]


def _long_suffix(minting: Minting) -> str:
    return f"{minting.key}xyz"


def _single_underscore(minting: Minting) -> str:
    return minting.key.replace("__", "_", 1)


def _step_left_unnamed(minting: Minting) -> str:
    journey, _, rest = minting.key.partition("__")
    return f"{journey}__unnamed_step_{rest.rpartition('_')[2]}"


def _journey_name_only(minting: Minting) -> str:
    journey, _, rest = minting.key.partition("__")
    return f"{journey}_{rest.rpartition('_')[2]}"


def _first_key(minting: Minting) -> str:
    return minting.first


def _other_character(key: str) -> str:
    """A key of the same step with another last character: well-formed, and wrong for everybody in the same way."""
    place = SUFFIX_ALPHABET.find(key[-1])
    return key[:-1] + SUFFIX_ALPHABET[(place + 1) % len(SUFFIX_ALPHABET)]


def _key_of_version(minting: Minting) -> str:
    return minting.key if minting.version == 1 else _other_character(minting.key)


def _rename(call: Call, key: str, name: str) -> None:
    """Call the property or trait that holds the membership value `name` instead of `key`."""
    said = call["properties" if call["type"] == "track" else "traits"]
    said[name] = said.pop(key)


def _disagreeing(call: Call, sending: Sending) -> None:
    _rename(call, sending.step.key, _other_character(sending.step.key))


def _named_after_step(call: Call, sending: Sending) -> None:
    _rename(call, sending.step.key, step_slug(sending.step.step.name))


def _give_key_of(owner: str, call: Call, sending: Sending, label: str) -> None:
    """Give the call a key that only `owner` has."""
    key = f"{sending.step.key.rpartition('_')[0]}_{sending.ids.suffix(label, sending.step.key, owner)}"
    _rename(call, sending.step.key, key)
    set_personas(call, computation_key=key)


def _key_of_user(call: Call, sending: Sending) -> None:
    _give_key_of(str(sending.recipient), call, sending, "key-changes-per-user")


def _key_of_destination(call: Call, sending: Sending) -> None:
    _give_key_of(sending.address.name, call, sending, "key-changes-per-destination")


def _key_of_type(call: Call, sending: Sending) -> None:
    _give_key_of(call["type"], call, sending, "key-changes-per-call-type")


def _key_of_attempt(body: bytes, now: Instant) -> bytes:
    document = json.loads(body)
    key = document.get("list") or document["context"]["personas"]["computation_key"]
    return body.replace(key.encode(), _other_character(key).encode())


KEY_FAULTS = (
    Fault(
        name="wrong-prefix",
        sentence="Keys begin with `j_x_` where `j_o_` is due.",
        rule="key-naming",
        key=_wrong_prefix,
    ),
    Fault(
        name="capitals-in-key",
        sentence="Keys keep the capital letters of the names that they are made of.",
        rule="key-naming",
        key=_capitals,
    ),
    Fault(
        name="short-suffix",
        sentence="The last part of keys has three characters.",
        rule="key-naming",
        key=_short_suffix,
    ),
    Fault(
        name="long-suffix",
        sentence="The last part of keys has eight characters.",
        rule="key-naming",
        key=_long_suffix,
    ),
    Fault(
        name="single-underscore",
        sentence="Keys part journey and step by one underscore.",
        rule="key-naming",
        key=_single_underscore,
    ),
    Fault(
        name="step-left-unnamed",
        sentence="Keys say `unnamed_step` where the step's name is due.",
        rule="key-naming",
        key=_step_left_unnamed,
    ),
    Fault(
        name="journey-name-only",
        sentence="Keys are made of the journey's name alone, without the step's.",
        rule="key-naming",
        key=_journey_name_only,
    ),
    Fault(
        name="property-and-computation-key-disagree",
        sentence="The property or trait that holds the membership value has a name unlike `computation_key`.",
        rule="key-identity",
        calls=change(_disagreeing),
    ),
    Fault(
        name="step-name-for-property",
        sentence="The property or trait that holds the membership value is named after the step, without the key.",
        rule="key-identity",
        calls=change(_named_after_step),
    ),
    Fault(
        name="key-changes-per-user",
        sentence="Each user gets a key of their own for the same step.",
        rule="key-stable",
        calls=change(_key_of_user),
    ),
    Fault(
        name="key-changes-per-destination",
        sentence="Each event destination gets a key of its own for the same step.",
        rule="key-stable",
        calls=change(_key_of_destination),
    ),
    Fault(
        name="key-changes-per-call-type",
        sentence="Track and identify calls of one step have two keys.",
        rule="key-stable",
        calls=change(_key_of_type),
    ),
    Fault(
        name="key-changes-per-attempt",
        sentence="Retries have another key than the first attempt.",
        rule="key-stable",
        again=_key_of_attempt,
    ),
    Fault(
        name="key-changes-per-version",
        sentence="A journey's later versions have other keys for the steps that stay the same.",
        rule="key-stable",
        key=_key_of_version,
    ),
    Fault(
        name="two-steps-share-a-key",
        sentence="Every step uses the key of the first one, with its own `computation_id`.",
        rule="key-unique",
        key=_first_key,
    ),
)
