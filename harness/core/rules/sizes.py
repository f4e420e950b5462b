"""The rule on how large calls and batches are: `payload-size`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import orjson
from msgspec import Struct

from harness.core.calls import is_list_entry
from harness.core.delivery import Payload, Violation
from harness.core.destinations.bodies import Unpacked
from harness.core.paths import child
from harness.core.rules.examples import KEY, event, track
from harness.core.rules.rule import Example, Rule

DEFAULTS: Mapping[str, int] = {
    "call_bytes": 32 * 1024,
    "batch_bytes": 4 * 1024 * 1024,
    "batch_calls": 4000,
    "source_batch_bytes": 500 * 1024,
    "source_batch_calls": 2500,
}
"""The parameters that hold limits. Those of a source are for what client libraries send to `/v1/…`."""

_SHOWN = 160


class Limits(Struct, frozen=True, kw_only=True):
    """What may be sent to a destination at once."""

    call_bytes: int
    batch_bytes: int
    batch_calls: int
    least_bytes: int
    """No body of so few bytes can hold anything too large."""

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Self:
        """The limits that a contract's parameters state."""
        call, batch = (int(parameters.get(name, DEFAULTS[name])) for name in ("call_bytes", "batch_bytes"))
        calls = int(parameters.get("batch_calls", DEFAULTS["batch_calls"]))
        return cls(call_bytes=call, batch_bytes=batch, batch_calls=calls, least_bytes=min(call, batch))

    def breaches(self, unpacked: Unpacked, size: int, *, exact: bool) -> Iterator[Violation]:
        """What is too large in a body of `size` bytes; where that is not `exact`, the body has at most so many."""
        came: tuple[Payload | None, ...] = unpacked.calls or unpacked.payloads
        calls = [(at, call) for at, call in enumerate(came) if call is not None and not is_list_entry(call)]
        single = len(came) == len(calls) == 1
        if not single:
            yield from self._batch_breaches(len(calls), size if exact else _compact(unpacked.payloads))
        for index, call in calls:
            own = size if single and exact else _compact(call)
            if own > self.call_bytes:
                yield _too_large_call(index, call, own, self.call_bytes)

    def _batch_breaches(self, calls: int, size: int) -> Iterator[Violation]:
        """At most one, since the whole body is one place."""
        if size > self.batch_bytes:
            yield _too_large_batch(f"{self.batch_bytes:,} bytes", f"{size:,} bytes")
        elif calls > self.batch_calls:
            yield _too_large_batch(f"{self.batch_calls:,} calls", f"{calls:,} calls")


def _compact(value: Any) -> int:
    """How many bytes `value` takes as JSON without needless space."""
    return len(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))


def _too_large_batch(most: str, found: str) -> Violation:
    return Violation(rule="payload-size", message="the batch is too large", expected=f"at most {most}", actual=found)


def _too_large_call(index: int, call: Payload, size: int, most: int) -> Violation:
    where, weight = _heaviest(call)
    return Violation(
        rule="payload-size",
        message="the call is too large",
        payload=index,
        expected=f"at most {most:,} bytes",
        actual=f"{size:,} bytes" + (f", {weight:,} of them in {where[:_SHOWN]}" if where != "$" else ""),
    )


def _heaviest(call: Payload) -> tuple[str, int]:
    """The smallest part of a call that makes up more than half of it, and how many bytes that has."""
    value: Any = call
    where, weight = "$", _compact(call)
    half = weight // 2
    while isinstance(value, Mapping) and value:
        name, heaviest = max(((name, _compact(part)) for name, part in value.items()), key=lambda part: part[1])
        if heaviest <= half:
            break
        where, value, weight = child(where, name), value[name], heaviest
    return where, weight


PAYLOAD_SIZE = Rule(
    id="payload-size",
    sentence="A call has at most 32,768 bytes, a batch at most 4 MB and 4,000 calls; a contract's parameters may say "
    "otherwise.",
    source="HTTP Tracking API: 32 KB a call, 500 KB and 2,500 calls a batch; Event-Triggered Journeys limits: 32 KB a "
    "payload; Webhooks (Actions) and the batching of action destinations: at most 4,000 calls and 4 MB a batch",
    remedy="Leave out the properties or traits that the destination does not need, and divide large batches.",
    passes=Example(deliveries=(event(track(properties={KEY: "true", "note": "x" * 200})),)),
    fails=Example(deliveries=(event(track(properties={KEY: "true", "note": "x" * (33 * 1024)})),)),
)
