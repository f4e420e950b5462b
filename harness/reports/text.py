"""The report that people read in a terminal: plain text, whole before it is coloured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.core.delivery import Delivery, Fault, Violation
from harness.core.rules.catalogue import RULES
from harness.core.verdict import Nearest, Unmet, Verdict, Word
from harness.reports.other_content import Difference, other_content
from harness.reports.payload_lines import cut, payload_lines

_WORDS: Mapping[Word, str] = {
    "passed": "PASSED",
    "failed": "FAILED",
    "errored": "ERRORED",
    "skipped": "SKIPPED",
    "xfailed": "XFAILED",
}
_SHOWN_SORTS = 20
_SHOWN_NUMBERS = 8
_SHOWN_BODY = 600


def scenario_text(verdict: Verdict) -> str:
    """One line for a scenario that passed, with the warnings under it; the whole finding for any other."""
    lines = [f"{_WORDS[verdict.word]}  {verdict.file}:{verdict.mark.line}  {verdict.title}{_counts(verdict)}"]
    lines.extend(f"    {line}" for line in finding_text(verdict).splitlines())
    return "\n".join(lines)


def finding_text(verdict: Verdict) -> str:
    """Why a scenario did not pass, or of what it warns: each unmet expectation and violation, with what proves it."""
    blocks = [*verdict.failures, *map(_unmet, verdict.unmet)]
    if verdict.word in ("passed", "failed"):
        blocks.extend(_violations(verdict))
    return "\n\n".join(blocks)


def summary_text(verdicts: Sequence[Verdict]) -> str:
    """The last line of all: how many of what."""
    counts = Counter(verdict.word for verdict in verdicts)
    parts = [f"{counts[word]} {word}" for word in _WORDS if counts[word]]
    deliveries = sum(verdict.judgement.deliveries for verdict in verdicts if verdict.judgement)
    payloads = sum(verdict.judgement.payloads for verdict in verdicts if verdict.judgement)
    recorded = f"{payloads} payload{_s(payloads)} in {deliveries} deliver{'y' if deliveries == 1 else 'ies'}"
    return f"{', '.join(parts)}; {recorded} {'was' if payloads == 1 else 'were'} recorded and judged"


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _counts(verdict: Verdict) -> str:
    judgement = verdict.judgement
    if judgement is None or verdict.word != "passed":
        return ""
    broken = {violation.rule for violation in verdict.violations if violation.rule in verdict.expected_rules}
    shown = f", {', '.join(sorted(broken))} broken as expected" if broken else ""
    hint = "  (no expectation)" if verdict.expects_nothing else ""
    return f"  ({judgement.payloads} payload{_s(judgement.payloads)}{shown}){hint}"


def _unmet(unmet: Unmet) -> str:
    lines = [
        f"{unmet.mark.file}:{unmet.mark.line}:{unmet.mark.column}  {unmet.expectation}",
        f"  expected  {unmet.expected}",
        f"  actual    {unmet.actual}",
    ]
    if unmet.nearest is not None:
        lines.extend(_nearest(unmet.nearest))
    return "\n".join(lines)


def _nearest(nearest: Nearest) -> Iterator[str]:
    yield f"  nearest   {_delivery(nearest.delivery, nearest.payload)}: {nearest.difference}"
    yield from _indented(payload_lines(nearest.delivery.payloads[nearest.payload]))


def _violations(verdict: Verdict) -> Iterator[str]:
    """Each sort of violation that was not expected once, by its first: a fault of a sender shows in every payload."""
    sorts: dict[tuple[str, str, str], list[Violation]] = {}
    for violation in verdict.violations:
        if violation.rule in verdict.expected_rules:
            continue
        sorts.setdefault((violation.rule, violation.severity, violation.message), []).append(violation)
    shown: set[tuple[int, int | None]] = set()
    for first, *more in list(sorts.values())[:_SHOWN_SORTS]:
        place = (first.deliveries[-1] if first.deliveries else 0, first.payload)
        yield "\n".join(_violation(first, more, verdict, again=place in shown))
        shown.add(place)
    rest = Counter(v.rule for violations in list(sorts.values())[_SHOWN_SORTS:] for v in violations)
    if rest:
        yield f"and {rest.total()} more: " + ", ".join(f"{count} {rule}" for rule, count in sorted(rest.items()))


def _violation(violation: Violation, alike: Sequence[Violation], verdict: Verdict, *, again: bool) -> Iterator[str]:
    head = violation.rule if violation.severity == "error" else f"{violation.rule} (warning)"
    rule = RULES[violation.rule]
    yield f"{verdict.file}:{verdict.mark.line}  rule {head}: {violation.message}"
    yield f"  says      {rule.sentence}"
    yield f"  expected  {violation.expected}"
    yield f"  actual    {violation.actual}"
    proof = [verdict.evidence[number] for number in violation.deliveries if number in verdict.evidence]
    other = other_content(violation, proof[0].payloads, proof[-1].payloads) if proof else None
    if other is not None:
        yield f"  differs   {other}"
    for last in proof[-1:]:
        yield f"  at        {_place(violation)} of {_delivery(last, violation.payload)}"
        yield from ["            (shown above)"] if again else _indented(_sent(violation, last, other))
    for delivery in proof[:-1]:
        yield f"  earlier   {_delivery(delivery, None)}"
    if alike:
        yield f"  also      {_also(alike)}"
    yield f"  remedy    {rule.remedy}"


def _also(alike: Sequence[Violation]) -> str:
    numbers = list(dict.fromkeys(violation.deliveries[-1] for violation in alike if violation.deliveries))
    listed = ", ".join(map(str, numbers[:_SHOWN_NUMBERS])) + (", …" if len(numbers) > _SHOWN_NUMBERS else "")
    return f"{len(alike)} more like it, in deliver{'y' if len(numbers) == 1 else 'ies'} {listed}"


def _place(violation: Violation) -> str:
    if violation.payload is None:
        return "the body"
    return "the payload" if violation.path == "$" else violation.path


def _delivery(delivery: Delivery, payload: int | None) -> str:
    """Which delivery, and which of its payloads where it has several."""
    which = f"payload {payload} in " if payload is not None and len(delivery.payloads) > 1 else ""
    again = f", attempt {delivery.attempt}" if delivery.attempt > 1 else ""
    return f"{which}delivery {delivery.number} to {delivery.destination}{again}, {_answer(delivery)}"


def _answer(delivery: Delivery) -> str:
    if isinstance(delivery.reply, Fault):
        return f"answered by {delivery.reply.name}"
    return f"answered {delivery.reply.status}"


def _sent(violation: Violation, delivery: Delivery, other: Difference | None) -> list[str]:
    if violation.payload is not None and violation.payload < len(delivery.payloads):
        return payload_lines(delivery.payloads[violation.payload], violation.path if other is None else other.path)
    text = delivery.arrival.body.decode("utf-8", "backslashreplace").replace("\n", "\\n")
    return [f"  {cut(text, _SHOWN_BODY)}"] if text else []


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"          {line}" for line in lines)
