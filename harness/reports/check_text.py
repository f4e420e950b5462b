"""The report of `harness check` that people read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.core.captures.families import BetterFit
from harness.core.captures.judging import CaptureVerdict, Located
from harness.core.rules.catalogue import RULES

SHOWN_VIOLATIONS = 20


def check_text(verdict: CaptureVerdict) -> str:
    """Each violation with its place, as many as the verdict holds, and how many there are of what in all."""
    return "\n\n".join(_blocks(verdict))


def _blocks(verdict: CaptureVerdict) -> Iterator[str]:
    for located in verdict.violations:
        yield _violation(located)
    more = sum(verdict.counts.values()) - len(verdict.violations)
    if more:
        yield f"and {_several(more, 'more violation')}; --json lists them all"
    yield "\n".join(_summary(verdict))


def _violation(located: Located) -> str:
    violation = located.violation
    head = violation.rule if violation.severity == "error" else f"{violation.rule} (warning)"
    payload = "" if violation.payload is None else f", payload {violation.payload}"
    rule = RULES[violation.rule]
    lines = [
        f"{located.place.file}:{located.place.line}  rule {head}: {violation.message}",
        f"  says      {rule.sentence}",
        f"  expected  {violation.expected}",
        f"  actual    {violation.actual}",
        f"  at        {violation.path}{payload}",
    ]
    if len(located.places) > 1:
        earlier = ", ".join(f"{place.file}:{place.line}" for place in located.places[:-1])
        lines.append(f"  earlier   {earlier}")
    return "\n".join([*lines, f"  remedy    {rule.remedy}"])


def _summary(verdict: CaptureVerdict) -> Iterator[str]:
    judged = f"{_several(verdict.payloads, 'payload')} in {_several(verdict.deliveries, 'deliver')}"
    yield f"{verdict.word.upper()}  {judged} judged by {verdict.contract}{_found(verdict)}"
    if verdict.unexpected:
        yield f"  {_several(verdict.unexpected, 'deliver')} went to destinations that do not exist"
    for severity in ("error", "warning"):
        counts = Counter({rule: count for (rule, found), count in verdict.counts.items() if found == severity})
        if counts:
            yield f"  {severity}s: " + ", ".join(f"{count} {rule}" for rule, count in counts.most_common())


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
    """What to say before a verdict where another contract would accuse less."""
    return (
        f"note: this looks like {fit.contract}: it would find {_several(fit.errors, 'error')} in the first "
        f"{_several(judged, 'deliver')} where {judging} finds {fit.instead_of}; "
        f"to judge by it, give --contract {fit.contract}"
    )
