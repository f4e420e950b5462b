"""What the control API tells of runs, as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from harness.adapters.server.all_runs import Runs
from harness.adapters.server.refusals import Refusals
from harness.adapters.server.requests import DEFAULT_RUN
from harness.adapters.server.runs import Run
from harness.adapters.warehouses.loading import Warehouse
from harness.core.authentication import ApiKey, Auth, Basic, Bearer, Signing
from harness.core.behaviours import Always, Behaviour, Planned, Sequence
from harness.core.delivery import Fault, Reply
from harness.core.destinations.destination import Destination
from harness.core.instants import format_duration, isoformat
from harness.core.records import MASK, header_record, violation_record
from harness.core.spelling import near_miss
from harness.core.warehouses.settings import SelectiveSync, WarehouseSettings

_SHOWN_STRAYS = 5
"""Names of unknown destinations that a verdict lists."""


def run_state(run: Run, in_flight: int) -> dict[str, Any]:
    """A run: its set-up, and counts of what came; `in_flight` requests are still being received or answered."""
    return {
        "run": run.name,
        "contract": run.checker.contract.id,
        "now": isoformat(run.clock.now()),
        "expires_after": None if run.expires_after is None else format_duration(run.expires_after),
        "destinations": {name: destination_state(run, each) for name, each in run.destinations.items()},
        "journeys": list(run.checker.declarations.journeys),
        "deliveries": run.count,
        "unexpected": run.tally().unexpected,
        "in_flight": in_flight,
        "calls": run.sources.summary(),
    }


def destination_state(run: Run, destination: Destination) -> dict[str, Any]:
    """A destination, as it is set up, and where it listens."""
    prefix = "" if run.name == DEFAULT_RUN else f"/runs/{run.name}"
    state: dict[str, Any] = {"kind": destination.kind, "path": f"{prefix}/destinations/{destination.name}"}
    if destination.kind != "list":
        state["calls"] = list(destination.calls)
    if destination.integration is not None:
        state["integration"] = destination.integration
    if destination.auth is not None:
        state["auth"] = _auth(destination.auth)
    if destination.signature is not None:
        state["signature"] = _signing(destination.signature)
    if destination.retries is not None:
        state["retries"] = destination.retries.name
    if destination.sync is not None:
        state["sync"] = destination.sync.written()
    if destination.minimum_size:
        state["minimum_size"] = destination.minimum_size
    if destination.warehouse is not None:
        state.update(_warehouse(destination.warehouse, run.warehouses.get(destination.name)))
    if destination.url is not None:
        return {**state, "url": destination.url}
    return {**state, "replies": _replies(destination.behaviour)}


def _warehouse(settings: WarehouseSettings, warehouse: Warehouse | None) -> dict[str, Any]:
    state: dict[str, Any] = {"url": settings.shown_url, "schema": settings.schema}
    if settings.selective_sync != SelectiveSync():
        state["selective_sync"] = settings.selective_sync.written()
    if warehouse is not None and warehouse.unfit:
        state["left_null"] = list(map(str, warehouse.unfit))
    return state


def _replies(behaviour: Behaviour) -> Any:
    match behaviour:
        case Always(reply=reply):
            return _reply(reply)
        case Planned(written=written):
            return written
        case Sequence(steps=steps):
            return [_replies(step) for step in steps]
        case _:
            return str(behaviour)


def _auth(auth: Auth) -> dict[str, Any]:
    """What it demands, without its secrets."""
    match auth:
        case ApiKey(header=header):
            return {"header": header, "value": MASK}
        case Bearer():
            return {"bearer": MASK}
        case Basic(user=user):
            return {"basic": {"user": user, "password": MASK}}


def _signing(signing: Signing) -> dict[str, Any]:
    return {"secret": MASK, "scope": signing.scope}


def _reply(reply: Reply) -> int | str:
    return reply.name if isinstance(reply, Fault) else reply.status


def judgement_state(run: Run, missed: int) -> dict[str, Any]:
    """The verdict on a run, with all violations; `missed` requests may have been for it, and never reached it."""
    judgement = run.judge()
    troubles = run.troubles
    losses = run.ledger.losses()
    failed = bool(judgement.errors or judgement.unexpected or missed or losses)
    return {
        "verdict": "errored" if troubles else "failed" if failed else "passed",
        "contract": run.checker.contract.id,
        "violations": [violation_record(violation) for violation in judgement.violations],
        "failures": [*troubles, *_unexpected(run), *_missed(missed), *(loss.words() for loss in losses)],
        "counts": {
            "deliveries": judgement.deliveries,
            "payloads": judgement.payloads,
            "accepted": judgement.accepted,
            "unexpected": judgement.unexpected,
            "missed": missed,
            "dropped": sum(loss.count for loss in losses),
        },
    }


def _unexpected(run: Run) -> Iterator[str]:
    """What came for destinations that the run has not, in words: each name once, the most frequent first."""
    strays = Counter(delivery.destination[:100] for delivery in run.ledger.unexpected())
    for name, count in strays.most_common(_SHOWN_STRAYS):
        what = f"{name!r}, which the run does not have" if name else "no destination: the path has no name"
        hint = near_miss(name, run.destinations)
        yield f"unexpected: {count} to {what}{hint}; correct the sender's URL, or declare the destination"
    rest = len(strays) - _SHOWN_STRAYS
    if rest > 0:
        yield f"unexpected: more, to {rest} other names; list them with deliveries?unexpected=true"


def _missed(count: int) -> Iterator[str]:
    """Requests that may have been for the run, in words."""
    if count:
        yield (
            f"missed: {count} that could not be read as HTTP or were for a run that never was; "
            "see /_harness/v1/refused and /_harness/v1/lost"
        )


def refused_state(refusals: Refusals) -> dict[str, Any]:
    """What HTTP refused before anything could read it."""
    return {
        "count": refusals.count,
        "refused": [
            {"at": isoformat(r.at), "peer": r.peer, "status": r.status, "reason": r.reason} for r in refusals.list()
        ],
    }


def lost_state(runs: Runs) -> dict[str, Any]:
    """What came for runs that do not exist."""
    return {
        "count": runs.lost_count,
        "lost": [
            {
                "at": isoformat(request.arrived_at),
                "run": request.run,
                "destination": request.destination,
                "method": request.method,
                "path": request.path,
                "headers": header_record(request.headers),
                "body": request.body.decode("utf-8", "backslashreplace"),
            }
            for request in runs.lost
        ],
    }
