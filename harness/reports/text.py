"""The report that people read in a terminal: plain text, whole before it is coloured."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from harness.core.delivery import Delivery, Fault, Payload, Violation
from harness.core.rules.catalogue import RULES
from harness.core.verdict import Nearest, Unmet, Verdict, Word

_WORDS: Mapping[Word, str] = {"passed": "PASSED", "failed": "FAILED", "errored": "ERRORED", "skipped": "SKIPPED", "xfailed": "XFAILED"}
_SHOWN_VIOLATIONS = 20
_SHOWN_PAYLOAD = 600


def scenario_text(verdict: Verdict) -> str:
    """One line for a scenario that passed; the whole finding for any other."""
    lines = [f"{_WORDS[verdict.word]}  {verdict.file}:{verdict.mark.line}  {verdict.title}{_counts(verdict)}"]
    if verdict.word != "passed":
        lines.extend(f"    {line}" for line in finding_text(verdict).splitlines())
    return "\n".join(lines)


def finding_text(verdict: Verdict) -> str:
    """Why a scenario did not pass: each unmet expectation and each violation, with what proves it."""
    blocks = [*verdict.failures, *map(_unmet, verdict.unmet)]
    if verdict.word == "failed":
        blocks.extend(_violations(verdict))
    return "\n\n".join(blocks)


def summary_text(verdicts: Sequence[Verdict]) -> str:
    """The last line of all: how many of what."""
    counts = Counter(verdict.word for verdict in verdicts)
    parts = [f"{counts[word]} {word}" for word in _WORDS if counts[word]]
    deliveries = sum(verdict.judgement.deliveries for verdict in verdicts if verdict.judgement)
    payloads = sum(verdict.judgement.payloads for verdict in verdicts if verdict.judgement)
    return f"{', '.join(parts)}; {payloads} payloads in {deliveries} deliveries were recorded and judged"


def _counts(verdict: Verdict) -> str:
    judgement = verdict.judgement
    if judgement is None or verdict.word != "passed":
        return ""
    broken = Counter(violation.rule for violation in judgement.errors)
    shown = f", {', '.join(sorted(broken))} broken as expected" if broken else ""
    return f"  ({judgement.payloads} payload{'' if judgement.payloads == 1 else 's'}{shown})"


def _unmet(unmet: Unmet) -> str:
    lines = [
        f"{unmet.mark.file}:{unmet.mark.line}:{unmet.mark.column}  {unmet.expectation}",
        f"  expected  {unmet.expected}",
        f"  actual    {unmet.actual}",
    ]
    if unmet.nearest is not None:
        lines.extend(_nearest(unmet.nearest))
    return "\n".join(lines)


def _nearest(nearest: Nearest) -> list[str]:
    payload = nearest.delivery.payloads[nearest.payload]
    return [
        f"  nearest   delivery {nearest.delivery.number} to {nearest.delivery.destination}, "
        f"payload {nearest.payload}: {nearest.difference}",
        f"            {payload_text(payload)}",
    ]


def _violations(verdict: Verdict) -> Iterator[str]:
    shown: set[tuple[int, int | None]] = set()
    for violation in verdict.violations[:_SHOWN_VIOLATIONS]:
        place = (violation.deliveries[-1] if violation.deliveries else 0, violation.payload)
        yield _violation(violation, verdict, again=place in shown)
        shown.add(place)
    if len(verdict.violations) > _SHOWN_VIOLATIONS:
        rest = Counter(violation.rule for violation in verdict.violations[_SHOWN_VIOLATIONS:])
        yield f"and {rest.total()} more: " + ", ".join(f"{count} {rule}" for rule, count in sorted(rest.items()))


def _violation(violation: Violation, verdict: Verdict, *, again: bool) -> str:
    head = violation.rule if violation.severity == "error" else f"{violation.rule} (warning)"
    lines = [
        f"{verdict.file}:{verdict.mark.line}  rule {head}: {violation.message}",
        f"  expected  {violation.expected}",
        f"  actual    {violation.actual}",
        f"  at        {_place(violation, verdict)}",
    ]
    delivery = verdict.evidence.get(violation.deliveries[-1]) if violation.deliveries else None
    if delivery is not None:
        lines.append(f"  payload   {'as above' if again else _sent(violation, delivery)}")
    lines.append(f"  remedy    {RULES[violation.rule].remedy}")
    return "\n".join(lines)


def _place(violation: Violation, verdict: Verdict) -> str:
    names = []
    for number in violation.deliveries:
        delivery = verdict.evidence.get(number)
        where = f" to {delivery.destination}, answered {_answer(delivery)}" if delivery else ""
        names.append(f"delivery {number}{where}")
    payload = "" if violation.payload is None else f", payload {violation.payload}"
    return f"{violation.path} of {'; '.join(names)}{payload}"


def _answer(delivery: Delivery) -> str:
    return f"by {delivery.reply.name}" if isinstance(delivery.reply, Fault) else str(delivery.reply.status)


def _sent(violation: Violation, delivery: Delivery) -> str:
    if violation.payload is not None and violation.payload < len(delivery.payloads):
        return payload_text(delivery.payloads[violation.payload])
    return _cut(delivery.arrival.body.decode("utf-8", "backslashreplace").replace("\n", "\\n"))


def payload_text(payload: Payload) -> str:
    """A payload on one line, cut where it is long."""
    return _cut(json.dumps(payload, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_PAYLOAD else f"{text[:_SHOWN_PAYLOAD]}… ({len(text)} characters)"
