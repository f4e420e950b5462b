"""What the control API tells, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from harness.core.delivery import Delivery, Violation
from harness.core.instants import Duration, Instant, parse_duration, parse_instant
from harness.core.record_reading import delivery_of, violation_of


class RunState(Struct, frozen=True, kw_only=True):
    """A run: its set-up, and counts of what came."""

    name: str
    contract: str
    now: Instant
    """What its clock says."""
    expires_after: Duration | None
    destinations: Mapping[str, Mapping[str, Any]]
    """The settings of each destination, by name."""
    journeys: tuple[str, ...]
    deliveries: int
    unexpected: int
    in_flight: int
    calls: Mapping[str, Any]
    """What sources sent to `/v1/…`, counted."""


def run_state_of(document: Mapping[str, Any]) -> RunState:
    """The state that the API tells of."""
    lifetime = document["expires_after"]
    return RunState(
        name=document["run"],
        contract=document["contract"],
        now=parse_instant(document["now"]),
        expires_after=None if lifetime is None else parse_duration(lifetime),
        destinations=document["destinations"],
        journeys=tuple(document["journeys"]),
        deliveries=document["deliveries"],
        unexpected=document["unexpected"],
        in_flight=document["in_flight"],
        calls=document["calls"],
    )


class RunPage(Struct, frozen=True, kw_only=True):
    """A page of the runs."""

    runs: tuple[RunState, ...]
    next: str | None


def run_page_of(document: Mapping[str, Any]) -> RunPage:
    """The page that the API tells of."""
    return RunPage(runs=tuple(map(run_state_of, document["runs"])), next=document["next"])


class DeliveryPage(Struct, frozen=True, kw_only=True):
    """A page of deliveries."""

    deliveries: tuple[Delivery, ...]
    total: int
    in_flight: int
    complete: bool
    next: int | None


def delivery_page_of(document: Mapping[str, Any]) -> DeliveryPage:
    """The page that the API tells of."""
    return DeliveryPage(
        deliveries=tuple(map(delivery_of, document["deliveries"])),
        total=document["total"],
        in_flight=document["in_flight"],
        complete=document["complete"],
        next=document["next"],
    )


class Verdict(Struct, frozen=True, kw_only=True):
    """What the contract says of all that a run recorded."""

    word: Literal["passed", "failed", "errored"]
    contract: str
    violations: tuple[Violation, ...]
    failures: tuple[str, ...]
    """What else keeps it from passing, in words."""
    counts: Mapping[str, int]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return self.word == "passed"

    @property
    def rules(self) -> frozenset[str]:
        """The rules that are broken, warnings aside."""
        return frozenset(violation.rule for violation in self.violations if violation.severity == "error")


def verdict_of(document: Mapping[str, Any]) -> Verdict:
    """The verdict that the API tells of."""
    return Verdict(
        word=document["verdict"],
        contract=document["contract"],
        violations=tuple(map(violation_of, document["violations"])),
        failures=tuple(document["failures"]),
        counts=document["counts"],
    )


class RefusedRequest(Struct, frozen=True, kw_only=True):
    """A request that could not be read as HTTP."""

    at: Instant
    peer: str
    status: int
    reason: str


class LostRequest(Struct, frozen=True, kw_only=True):
    """A request for a run that is closed, or never was."""

    at: Instant
    run: str
    destination: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: str


def refused_of(document: Mapping[str, Any]) -> tuple[RefusedRequest, ...]:
    """The requests that the API tells of."""
    return tuple(RefusedRequest(**{**each, "at": parse_instant(each["at"])}) for each in document["refused"])


def lost_of(document: Mapping[str, Any]) -> tuple[LostRequest, ...]:
    """The requests that the API tells of."""
    return tuple(LostRequest(**{**each, "at": parse_instant(each["at"])}) for each in document["lost"])
