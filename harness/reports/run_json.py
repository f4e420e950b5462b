"""What `harness run --json` prints: one object for all scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.core.records import violation_record
from harness.core.verdict import Unmet, Verdict, worst


def run_report(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The verdict on all, and one object for each scenario."""
    return {"verdict": worst([verdict.word for verdict in verdicts]), "scenarios": [_scenario(v) for v in verdicts]}


def _scenario(verdict: Verdict) -> dict[str, Any]:
    judgement = verdict.judgement
    record: dict[str, Any] = {
        "file": verdict.file,
        "line": verdict.mark.line,
        "name": verdict.title,
        "verdict": verdict.word,
        "violations": [violation_record(violation) for violation in verdict.violations],
        "unmet": [_unmet(unmet) for unmet in verdict.unmet],
        "counts": {
            "deliveries": judgement.deliveries if judgement else 0,
            "payloads": judgement.payloads if judgement else 0,
            "accepted": judgement.accepted if judgement else 0,
            "unexpected": judgement.unexpected if judgement else 0,
        },
    }
    return {**record, "failures": list(verdict.failures)} if verdict.failures else record


def _unmet(unmet: Unmet) -> dict[str, Any]:
    nearest = unmet.nearest
    return {
        "expectation": unmet.expectation,
        "file": unmet.mark.file,
        "line": unmet.mark.line,
        "column": unmet.mark.column,
        "expected": unmet.expected,
        "actual": unmet.actual,
        "nearest": nearest
        and {
            "delivery": nearest.delivery.number,
            "payload": nearest.delivery.payloads[nearest.payload],
            "difference": nearest.difference,
        },
    }
