"""The heart: arrival + destination + past -> delivery. One function, no I/O, no clock."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from harness.core.attempts import Attempts, RecentAttempts
from harness.core.authentication import refused
from harness.core.behaviours.behaviour import Always, Asked
from harness.core.behaviours.faults import CLOSE_EARLY
from harness.core.calls import is_list_entry
from harness.core.checking import Checker
from harness.core.delivery import Arrival, Defect, Delivery, Fault, Payload, Reply, Respond, Violation
from harness.core.destinations.bodies import Unpacked, parse
from harness.core.destinations.destination import SOURCE, Destination
from harness.core.destinations.kinds import KINDS
from harness.core.destinations.rereading import Reread
from harness.core.instants import Instant
from harness.core.lists.audiences import Audiences
from harness.core.members import Members, message_key, opposite_message
from harness.core.rules.signatures import signature_breaches
from harness.core.spelling import near_miss


class Past(Struct, kw_only=True):
    """What a destination remembers of the deliveries before: a fold, owned by one process."""

    attempts: Attempts = field(default_factory=dict[Hashable, int])
    """How often each message came."""
    members: Members = field(default_factory=Members)
    """Who is on its lists."""
    audiences: Audiences = field(default_factory=Audiences)
    """The audiences that were created there."""
    memory: dict[Hashable, Any] = field(default_factory=dict)
    """What its behaviour remembers; all values are immutable."""
    set_up_at: Instant = 0
    """When the destination was set up, by the run's clock: what outages count from."""

    def begin(self, now: Instant) -> None:
        """Let the destination's behaviour begin anew, at `now`; messages and members stay counted."""
        self.memory.clear()
        self.set_up_at = now


def receive(
    arrival: Arrival,
    destination: Destination,
    past: Past,
    checker: Checker,
    *,
    run: str,
    number: int,
    answered: Reply | None = None,
) -> Delivery:
    """The delivery that `arrival` makes at `destination`, its reply decided; its attempt is counted in `past`.

    Once a ledger keeps it, `remember` brings the rest of `past` up to date.

    `answered` is the reply where somebody else decided it: an endpoint that the destination hands on to.
    """
    unpacked = _unpack(arrival, destination)
    attempt = _count_attempts(unpacked.payloads, past) if unpacked.payloads else _count_life_cycle(unpacked, past)
    violations = found_violations(unpacked, destination, checker, number, len(arrival.body), arrival)
    payloads = Reread(destination.kind, arrival.body, len(unpacked.payloads)) if unpacked.payloads else ()
    reply = answered or _decide(unpacked, arrival, destination, past, attempt, violations, number)
    # By position: by name, making it would take half as long again.
    delivery = Delivery(number, run, destination.name, destination.kind, attempt, arrival, payloads, violations, reply)
    if destination.kind == "list" and delivery.accepted:
        _end_attempts(_taken(delivery, unpacked.payloads), past)
    return delivery


def remember(delivery: Delivery, past: Past) -> None:
    """Bring members and audiences up to date with `delivery`, once that is kept and will be answered as it says."""
    if delivery.kind == "list" and delivery.accepted:
        past.members.take(delivery)
        past.audiences.take(delivery)


def new_past(most: int | None) -> Past:
    """The past of a destination to which nothing came; it knows the attempts of the latest `most` messages, or of all.

    A ledger that is to need no more memory, however much comes, cannot remember every message.
    """
    return Past() if most is None else Past(attempts=RecentAttempts(most))


def recount(delivery: Delivery, past: Past) -> None:
    """Count the attempts of a delivery that was received before."""
    payloads = tuple(delivery.payloads)
    if payloads:
        _count_attempts(payloads, past)
    elif delivery.kind == "list":
        _count_life_cycle(parse(delivery.arrival.body, KINDS["list"].unpack), past)
    if delivery.kind == "list" and delivery.accepted:
        _end_attempts(_taken(delivery, payloads), past)


def cut_short(arrival: Arrival, destination: Destination, past: Past, *, number: int) -> Fault | None:
    """The fault, where `destination` closes the connection before it has read the request that `arrival` begins.

    `past` is brought up to date only then; otherwise the request is to be read, and received as any other.
    """
    memory = dict(past.memory)
    reply = destination.behaviour.decide(_asked(arrival, (), past, 1, (), number), memory)
    if not (isinstance(reply, Fault) and reply.name == CLOSE_EARLY):
        return None
    past.memory.update(memory)
    return reply


def half_read(arrival: Arrival, destination: Destination, fault: Fault, *, run: str, number: int) -> Delivery:
    """The record of a request of which `destination` read only a half; nobody is accused of what is missing."""
    return Delivery(number, run, destination.name, destination.kind, 1, arrival, (), (), fault)


def stray(arrival: Arrival, known: Sequence[str], hint: str, *, run: str, number: int) -> Delivery:
    """The record of an arrival for a destination that does not exist; `hint` names the nearest that do."""
    return Delivery(
        number=number,
        run=run,
        destination=arrival.destination,
        kind=None,
        attempt=1,
        arrival=arrival,
        payloads=(),
        violations=(),
        reply=Respond(
            status=404,
            body={"error": f"run {run!r} has no destination {arrival.destination[:200]!r}{hint}", "known": list(known)},
        ),
        unexpected=True,
    )


def unchecked(arrival: Arrival, destination: Destination, *, run: str, number: int) -> Delivery:
    """The record of an arrival that the harness failed to check, answered 500."""
    return Delivery(
        number=number,
        run=run,
        destination=destination.name,
        kind=destination.kind,
        attempt=1,
        arrival=arrival,
        payloads=(),
        violations=(),
        reply=Respond(status=500, body={"success": False, "error": "the harness failed; its log has the details"}),
    )


def _unpack(arrival: Arrival, destination: Destination) -> Unpacked:
    if arrival.defect is not None:
        return _defective(arrival.defect)
    return parse(arrival.body, KINDS[destination.kind].unpack)


def _defective(defect: Defect) -> Unpacked:
    violation = Violation(rule="malformed-body", message=defect.message, expected=defect.expected, actual=defect.actual)
    return Unpacked(violations=(violation,), status=defect.status)


def found_violations(
    unpacked: Unpacked,
    destination: Destination,
    checker: Checker,
    number: int,
    size: int,
    arrival: Arrival | None = None,
    *,
    exact: bool = True,
) -> tuple[Violation, ...]:
    """All that is wrong with what was unpacked from the body of delivery `number`, with the contract's severities.

    The body had `size` bytes, or at most so many where that is not `exact`. Without the `arrival`, as in captures,
    nothing can be said of what only the request shows.
    """
    found, calls, payloads, limits = unpacked.violations, unpacked.calls, unpacked.payloads, checker.limits
    if destination.kind == SOURCE:
        limits = None
    if destination.signature is not None and arrival is not None and arrival.defect is None:
        found += tuple(signature_breaches(destination.signature, arrival))
    for index, payload in enumerate(payloads):
        found += checker.violations(payload, calls[index] if calls else None, destination, index)
    if limits is not None and payloads and (size > limits.least_bytes or len(payloads) > limits.batch_calls):
        told = {(violation.payload, violation.path) for violation in found}
        large = limits.breaches(unpacked, size, exact=exact)
        found += tuple(violation for violation in large if (violation.payload, violation.path) not in told)
    if not found:
        return ()
    severities = checker.contract.severities
    return tuple(
        replace(violation, severity=severities[violation.rule], deliveries=(number,))
        for violation in found
        if violation.rule in severities
    )


def _refused(violation: Violation) -> dict[str, object]:
    """The answer to what cannot be taken, in words that its sender's log may show."""
    return {
        "success": False,
        "error": violation.message,
        "expected": violation.expected,
        "actual": violation.actual,
    }


def _count_attempts(payloads: Sequence[Payload], past: Past) -> int:
    """Count this attempt for each message in it; the highest count."""
    attempts, highest = past.attempts, 1
    for message in {message_key(each) for each in payloads} if len(payloads) > 1 else (message_key(payloads[0]),):
        attempts[message] = count = attempts.get(message, 0) + 1
        highest = max(highest, count)
    return highest


def _count_life_cycle(unpacked: Unpacked, past: Past) -> int:
    """Count this attempt to create an audience or to look it up, where it is one; how many there were."""
    if unpacked.creates is None and unpacked.looks_up is None:
        return 1
    asked = ("audience", unpacked.creates, unpacked.looks_up)
    past.attempts[asked] = count = past.attempts.get(asked, 0) + 1
    return count


def _taken(delivery: Delivery, payloads: Sequence[Payload]) -> list[Payload]:
    """Those of its `payloads` that the destination took."""
    return [payload for index, payload in enumerate(payloads) if delivery.accepts(index)]


def _end_attempts(entries: Sequence[Payload], past: Past) -> None:
    """Count anew from here what the accepted `entries` undo: who was removed may be added once more, and so on."""
    for entry in entries:
        if is_list_entry(entry):
            past.attempts.pop(opposite_message(entry), None)


def _decide(
    unpacked: Unpacked,
    arrival: Arrival,
    destination: Destination,
    past: Past,
    attempt: int,
    violations: tuple[Violation, ...],
    number: int,
) -> Reply:
    if destination.auth is not None and (refusal := refused(destination.auth, arrival.headers)) is not None:
        return refusal
    if unpacked.status is not None:
        return Respond(status=unpacked.status, body=_refused(unpacked.violations[0]))
    for index, payload in enumerate(unpacked.payloads):
        stranger = destination.refusal(index, payload)
        if stranger is not None:
            return Respond(status=501, body=_refused(stranger))
    behaviour = destination.behaviour
    if type(behaviour) is Always:  # most are: nothing has to be put together for them
        reply = behaviour.reply
    else:
        asked = _asked(arrival, unpacked.payloads, past, attempt, violations, number)
        reply = behaviour.decide(asked, past.memory)
    if unpacked.answer is not None and isinstance(reply, Respond) and reply.body is None and reply.text is None:
        return _life_cycle_answer(unpacked, reply, past)
    return reply


def _life_cycle_answer(unpacked: Unpacked, reply: Respond, past: Past) -> Reply:
    """The answer to the creation of an audience, or to the question for one; 404 where that was never created."""
    asked, known = unpacked.looks_up, past.audiences.by_id()
    if asked is None or asked in known or not 200 <= reply.status < 300:
        return replace(reply, body=unpacked.answer)
    error = f"no audience has the externalId {asked[:200]!r}{near_miss(asked[:200], known)}"
    return replace(reply, status=404, body={"success": False, "error": f"{error}; create it with an audienceName"})


def _asked(
    arrival: Arrival,
    payloads: tuple[Payload, ...],
    past: Past,
    attempt: int,
    violations: tuple[Violation, ...],
    number: int,
) -> Asked:
    return Asked(
        arrival=arrival,
        number=number,
        payloads=payloads,
        attempt=attempt,
        attempts=past.attempts,
        violations=violations,
        set_up_at=past.set_up_at,
    )
