"""The report of `harness check` that people read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.core.captures.captured import Captured
from harness.core.captures.families import BetterFit
from harness.core.captures.judging import CaptureVerdict, Located
from harness.core.captures.places import Place
from harness.core.delivery import Fault, Payload, Violation
from harness.core.rules.catalogue import RULES
from harness.reports.other_content import other_content
from harness.reports.payload_lines import payload_lines

SHOWN_VIOLATIONS = 20
_RECORD = "A record of a capture tells of one delivery: where it went, what was sent, and what was answered."
_MEND_RECORD = "Correct the record, or leave out what you do not know; nothing is said of what was sent."


def check_text(verdict: CaptureVerdict, evidence: Mapping[int, Captured]) -> str:
    """Each violation with its place, as many as the verdict holds, and how many there are of what in all.

    `evidence` holds, by number, the deliveries that prove the violations.
    """
    return "\n\n".join(_blocks(verdict, evidence))


def _blocks(verdict: CaptureVerdict, evidence: Mapping[int, Captured]) -> Iterator[str]:
    for located in verdict.violations:
        yield "\n".join(_violation(located, evidence))
    more = sum(verdict.counts.values()) - len(verdict.violations)
    if more:
        yield f"and {_several(more, 'more violation')}; --json lists them all"
    yield "\n".join(_summary(verdict))


def _violation(located: Located, evidence: Mapping[int, Captured]) -> Iterator[str]:
    violation, place = located.violation, located.place
    head = violation.rule if violation.severity == "error" else f"{violation.rule} (warning)"
    rule = RULES[violation.rule]
    *earlier, (number, _) = zip(violation.deliveries, located.places, strict=True)
    misread = number in evidence and evidence[number].misread
    yield f"{_where(place)}  rule {head}: {violation.message}"
    yield f"  says      {_RECORD if misread else rule.sentence}"
    yield f"  expected  {violation.expected}"
    yield f"  actual    {violation.actual}"
    other = other_content(violation, _payloads(violation.deliveries[0], evidence), _payloads(number, evidence))
    path = violation.path if other is None else other.path
    if other is not None:
        yield f"  differs   {other}"
    at = "the record" if misread else _at(violation)
    yield f"  at        {at} of {_delivery(number, evidence, violation.payload)}"
    yield from _sent(number, evidence, violation.payload, path)
    for number, place in earlier:
        yield f"  earlier   {_delivery(number, evidence, None)}, {_where(place)}"
        yield from _sent(number, evidence, None, path)
    yield f"  remedy    {_MEND_RECORD if misread else rule.remedy}"


def _where(place: Place) -> str:
    return f"{place.file}:{place.line}"


def _at(violation: Violation) -> str:
    if violation.payload is None:
        return "the body"
    return "the payload" if violation.path == "$" else violation.path


def _delivery(number: int, evidence: Mapping[int, Captured], payload: int | None) -> str:
    """Which delivery, and which of its payloads where it has several; a reply only where it refused."""
    captured = evidence.get(number)
    if captured is None:
        return f"delivery {number}"
    which = f"payload {payload} in " if payload is not None and len(captured.unpacked.payloads) > 1 else ""
    own = "" if captured.number in (None, number) else f" ({captured.number} of its run)"
    return f"{which}delivery {number}{own}{_to(captured.destination)}{_answer(captured)}"


def _to(destination: str | None) -> str:
    return "" if destination is None else f" to {destination}"


def _answer(captured: Captured) -> str:
    if isinstance(captured.reply, Fault):
        return f", answered by {captured.reply.name}"
    return "" if captured.reply.status == 200 else f", answered {captured.reply.status}"


def _sent(number: int, evidence: Mapping[int, Captured], payload: int | None, path: str) -> Iterable[str]:
    """The payload in question; the only one, where none is named."""
    payloads = _payloads(number, evidence)
    if payload is None and len(payloads) == 1:
        payload = 0
    if payload is None or payload >= len(payloads):
        return ()
    return (f"          {line}" for line in payload_lines(payloads[payload], path))


def _payloads(number: int, evidence: Mapping[int, Captured]) -> Sequence[Payload]:
    return evidence[number].unpacked.payloads if number in evidence else ()


def _summary(verdict: CaptureVerdict) -> Iterator[str]:
    judged = f"{_several(verdict.payloads, 'payload')} in {_several(verdict.deliveries, 'deliver')}"
    yield f"{verdict.word.upper()}  {judged} judged by {verdict.contract}{_found(verdict)}"
    if verdict.to_sources:
        yield f"  {_several(verdict.to_sources, 'payload')} to sources: only how they were sent again is judged"
    if verdict.unexpected:
        yield f"  {_several(verdict.unexpected, 'deliver')} went to destinations that do not exist:"
        yield from _strays(verdict)
    for severity in ("error", "warning"):
        counts = Counter({rule: count for (rule, found), count in verdict.counts.items() if found == severity})
        if counts:
            yield f"  {severity}s: " + ", ".join(f"{count} {rule}" for rule, count in counts.most_common())


def _strays(verdict: CaptureVerdict) -> Iterator[str]:
    for stray in verdict.strays:
        yield f"    delivery {stray.number}{_to(stray.destination)}, {_where(stray.place)}"
    if verdict.unexpected > len(verdict.strays):
        yield f"    and {verdict.unexpected - len(verdict.strays)} more"


def _found(verdict: CaptureVerdict) -> str:
    if not verdict.deliveries:
        return ": there was nothing to judge"
    warnings = sum(verdict.counts.values()) - verdict.errors
    return f": {_several(verdict.errors, 'error')}, {_several(warnings, 'warning')}"


def _several(count: int, noun: str) -> str:
    if noun == "deliver":
        return f"{count} delivery" if count == 1 else f"{count} deliveries"
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def better_fit_text(fit: BetterFit, judging: str, judged: int) -> str:
    """What to say before a verdict where another contract would accuse of less; advice only where of nothing."""
    if fit.errors:
        return (
            f"note: {fit.contract} would accuse the payloads of the first {_several(judged, 'deliver')} of less: "
            f"{fit.errors} where {judging} finds {fit.instead_of}; `harness contracts detect` tells more"
        )
    return (
        f"note: this looks like {fit.contract}: it finds no error in the payloads of the first "
        f"{_several(judged, 'deliver')}, where {judging} finds {fit.instead_of}; "
        f"to judge by it, give --contract {fit.contract}"
    )
