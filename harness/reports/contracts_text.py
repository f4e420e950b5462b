"""What `harness contracts` prints: the families there are, one of them whole, and what differs between two."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.core.contract import LIST_ENTRY, PAYLOAD_TYPES, Contract
from harness.core.rules.catalogue import RULES
from harness.core.schemas.demands import demands

_MEANINGS: Mapping[str, str] = {
    "entered": "the membership value of an entry",
    "exited": "the membership value of an exit",
    "exits": "when users may leave",
    "key_grammar": "what a key is",
    "strict_ids": "whether ids have their exact length",
    "message_id_window": "how long a messageId may not come again with other content",
    "duplicate_window": "how close two origins send the same, where it is a duplicate",
    "list_delay": "how late a list may be told of an entry or an exit",
    "call_bytes": "how many bytes a call may have",
    "batch_bytes": "how many bytes a batch to a destination may have",
    "batch_calls": "how many calls a batch to a destination may have",
    "source_batch_bytes": "how many bytes a batch to the tracking API may have",
    "source_batch_calls": "how many calls a batch to the tracking API may have",
}
_ABSENT = "off"


def contracts_text(contracts: Iterable[Contract], default: str) -> str:
    """All contracts, one in a line; `default` is the id of the one that judges where none is named."""
    known = list(contracts)
    width = max(len(contract.id) for contract in known)
    return "\n".join(
        f"{contract.id:{width}}  {contract.title}{' (the default)' if contract.id == default else ''}"
        for contract in known
    )


def contract_text(contract: Contract) -> str:
    """All that a contract says."""
    return "\n".join(_shown(contract))


def _shown(contract: Contract) -> Iterator[str]:
    yield f"{contract.id}\n\n  {contract.title}\n\nSources:"
    yield from (f"  {source}" for source in contract.sources)
    yield "\nParameters:"
    for name, value in contract.parameters.items():
        yield f"  {name} = {_written(value)}: {_MEANINGS.get(name, name)}"
    yield "\nRules:"
    for rule, sentence in RULES.items():
        if rule in contract.severities:
            yield f"  {contract.severities[rule]:7}  {rule}: {sentence.sentence}"
    for kind in _kinds(contract):
        yield f"\nA payload of the type {kind}:"
        yield from (f"  {demand}" for demand in _demanded(contract, kind))


def difference_text(one: Contract, other: Contract) -> str:
    """What differs between two contracts, in words."""
    lines = [*_parameters(one, other), *_rules(one, other), *_payloads(one, other)]
    return "\n".join(lines or [f"{one.id} and {other.id} demand the same"])


def _parameters(one: Contract, other: Contract) -> Iterator[str]:
    for name in {**one.parameters, **other.parameters}:
        mine, theirs = one.parameters.get(name), other.parameters.get(name)
        if type(mine) is not type(theirs) or mine != theirs:
            meaning = _MEANINGS.get(name, name)
            yield f"{meaning} ({name}): {_written(mine)} in {one.id}, {_written(theirs)} in {other.id}"


def _rules(one: Contract, other: Contract) -> Iterator[str]:
    for rule in RULES:
        mine, theirs = one.severities.get(rule, _ABSENT), other.severities.get(rule, _ABSENT)
        if mine != theirs:
            yield f"the rule {rule}: {mine} in {one.id}, {theirs} in {other.id}"


def _payloads(one: Contract, other: Contract) -> Iterator[str]:
    for kind in PAYLOAD_TYPES:
        what = "list entries" if kind == LIST_ENTRY else f"{kind} calls"
        mine, theirs = (kind in _kinds(each) for each in (one, other))
        if mine and theirs:
            yield from _only(one, other, kind, what)
            yield from _only(other, one, kind, what)
        elif mine or theirs:
            yield f"{what}: only in {one.id if mine else other.id}"


def _only(one: Contract, other: Contract, kind: str, what: str) -> Iterator[str]:
    """What `one` demands of such payloads and `other` does not."""
    known = {*_demanded(other, kind)}
    for demand in _demanded(one, kind):
        if demand not in known:
            yield f"{what}, only in {one.id}: {demand}"


def _kinds(contract: Contract) -> list[str]:
    return [kind for kind in PAYLOAD_TYPES if contract.schema_for(kind, exits=False)]


def _demanded(contract: Contract, kind: str) -> tuple[str, ...]:
    schema = contract.schema_for(kind, exits=contract.parameters["exits"] == "always")
    return demands(schema.document, contract.definitions) if schema else ()


def _written(value: Any) -> str:
    kind = {bool: "the boolean ", str: ""}.get(type(value), "")
    return f"{kind}{json.dumps(value, ensure_ascii=False)}"
