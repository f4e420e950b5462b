"""Rules on the key that one payload carries: `key-naming`, `key-identity`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.core.calls import subject, subject_name
from harness.core.delivery import Violation
from harness.core.keys import KEY_LENGTH, parse_key
from harness.core.membership import KEY_PREFIX, prefixed
from harness.core.paths import child
from harness.core.rules.examples import JOURNEYS, KEY, event, personas, track
from harness.core.rules.rule import Example, Rule
from harness.core.rules.sighting import Sighting

_NAMING_THE_KEY = ("audience_key", "trait_key")
"""Properties that say which of the others is named by the key."""

GRAMMAR = "j_o_<journey>__<step>_<5 or 6 of a-z, 0-9>"


def _check_naming(sighting: Sighting) -> Iterator[Violation]:
    """The key has the family's grammar, and is made of a declared step's names."""
    key = sighting.key
    if sighting.parameters.get("key_grammar") == "name":
        yield from _check_name(sighting, key)
        return
    if key is None and sighting.call is not None and any(parse_key(name) for name in prefixed(sighting.call)):
        return  # several keys, as traits of other journeys are keys too, and nothing says which one is meant
    if key is None:
        yield Violation(
            rule="key-naming",
            message="no property or trait is named by a step key",
            path="$" if sighting.call is None else f"$.{subject_name(sighting.call)}",
            expected=f"one named {GRAMMAR}",
            actual="none",
        )
    elif parse_key(key) is None:
        yield Violation(
            rule="key-naming", message=_fault(key), path=_key_path(sighting), expected=GRAMMAR, actual=key[:300]
        )
    else:
        yield from _check_suffix(sighting, key)
        if sighting.step is None:
            yield from _check_declared(sighting, key)


def _check_suffix(sighting: Sighting, key: str) -> Iterator[Violation]:
    """The last part of the key is as long as the contract says."""
    wanted, length = sighting.parameters.get("key_suffix", "5-6"), len(key.rpartition("_")[2])
    if wanted not in ("5-6", length):
        yield Violation(
            rule="key-naming",
            message=f"the key ends in a suffix of {length} characters",
            path=_key_path(sighting),
            expected=f"a suffix of {wanted} characters",
            actual=key,
        )


def _check_name(sighting: Sighting, key: str | None) -> Iterator[Violation]:
    """An audience or trait has any name, but not that of a journey's step."""
    if key is not None and key.startswith(KEY_PREFIX):
        yield Violation(
            rule="key-naming",
            message="the key is that of a journey's step",
            path=_key_path(sighting),
            expected="the name of an audience or trait",
            actual=key[:300],
        )


def _check_declared(sighting: Sighting, key: str) -> Iterator[Violation]:
    steps = sighting.declarations.stranger(key)
    if steps:
        yield Violation(
            rule="key-naming",
            message="the key is made of the names of no declared step",
            path=_key_path(sighting),
            expected=" or ".join(step.key_form for step in steps[:5]) + (" or …" if len(steps) > 5 else ""),
            actual=key,
        )


def _fault(key: str) -> str:
    """What is wrong with the grammar of `key`, in words."""
    if len(key) > KEY_LENGTH:
        return f"the key is {len(key)} characters long; {KEY_LENGTH} are allowed"
    if not key.startswith(KEY_PREFIX):
        return f"the key does not begin with {KEY_PREFIX}"
    if re.search("[A-Z]", key):
        return "the key has capitals"
    if re.search("[^a-z0-9_]", key):
        return "the key has characters other than a-z, 0-9 and _"
    if key.count("__") != 1:
        return "the key does not part journey and step by one double underscore"
    return "the key does not end in a suffix of 5 or 6 characters"


def _key_path(sighting: Sighting) -> str:
    """Where the key stands in the payload."""
    call, key = sighting.call, sighting.key
    if call is None:
        return "$.list"
    if key is not None and key in subject(call):
        return child(f"$.{subject_name(call)}", key)
    return "$.context.personas.computation_key"


def _check_identity(sighting: Sighting) -> Iterator[Violation]:
    """The property's name, `computation_key` and `audience_key` are one key."""
    call, key = sighting.call, sighting.key
    if call is None or key is None:
        return
    said = subject(call)
    if sighting.member_name not in said:
        yield Violation(
            rule="key-identity",
            message=f"no member of `{subject_name(call)}` is named by the key that the call gives",
            path=f"$.{subject_name(call)}",
            expected=key,
            actual=", ".join(sorted(said)[:5]) or "nothing",
        )
    for name in _NAMING_THE_KEY:
        named = said.get(name)
        if named is not None and named != key:
            yield Violation(
                rule="key-identity",
                message=f"`{name}` and `computation_key` disagree",
                path=f"$.{subject_name(call)}.{name}",
                expected=key,
                actual=str(named)[:300],
            )
    yield from _check_presence(sighting, said)


def _check_presence(sighting: Sighting, said: Mapping[str, Any]) -> Iterator[Violation]:
    """A track call carries `audience_key`, or does not, where the contract demands it."""
    wanted, there = _demanded_audience_key(sighting), "audience_key" in said
    if wanted is not None and wanted != there:
        yield Violation(
            rule="key-identity",
            message="`audience_key` is missing" if wanted else "there is an `audience_key`",
            path="$.properties.audience_key",
            expected=str(sighting.key) if wanted else "none",
            actual=str(said.get("audience_key", "missing"))[:300],
        )


def _demanded_audience_key(sighting: Sighting) -> bool | None:
    """Whether there must be an `audience_key`; None where the contract leaves it open, or the call is no track."""
    if sighting.call is None or sighting.call.get("type") != "track":
        return None
    return {"required": True, "absent": False}.get(sighting.parameters.get("audience_key", "optional"))


def _right_identity(sighting: Sighting) -> dict[str, Any]:
    if sighting.call is None:
        return {}
    naming: dict[str, Any] = {name: {"const": sighting.key} for name in _NAMING_THE_KEY}
    demanded = _demanded_audience_key(sighting)
    if demanded is False:
        naming["audience_key"] = {"not": {}}
    needed = [sighting.member_name, *(["audience_key"] if demanded else [])]
    said = {"required": needed, "properties": naming}
    return {"properties": {subject_name(sighting.call): said}}


_BAD_KEY = "First_Purchase__opened_email"

KEY_NAMING = Rule(
    id="key-naming",
    sentence="The step key has the family's grammar and length; where the step is declared, its key is made of the "
    "journey's and the step's names.",
    source="Send Journeys data to a Destination: a key is generated from the step name; grammar read off every "
    "published key; Engage product limits: 255 characters",
    remedy="Generate the key from the journey's and the step's name: lower case, words joined by _, then a suffix.",
    passes=Example(deliveries=(event(track()),), journeys=JOURNEYS),
    fails=Example(
        deliveries=(
            event(track(properties={_BAD_KEY: "true"}, context={"personas": personas(computation_key=_BAD_KEY)})),
        )
    ),
    check=_check_naming,
    plainly_right=lambda _: {},  # the key alone decides
)

KEY_IDENTITY = Rule(
    id="key-identity",
    sentence="The property or trait name, `context.personas.computation_key` and `audience_key` (if present) agree.",
    source="Send Journeys data to a Destination: the property name, or trait name, uses the key",
    remedy="Put the same key in `computation_key` and in the name of the property or trait.",
    passes=Example(deliveries=(event(track()),)),
    fails=Example(deliveries=(event(track(properties={KEY.replace("email", "mail"): "true"})),)),
    check=_check_identity,
    plainly_right=_right_identity,
)
