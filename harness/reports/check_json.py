"""What `harness check --json` prints: one object for all that was judged."""

from __future__ import annotations

from typing import Any

from harness.core.captures.judging import CaptureVerdict, Located
from harness.core.records import violation_record


def check_report(verdict: CaptureVerdict) -> dict[str, Any]:
    """The verdict, what was judged, and every violation with its place."""
    report: dict[str, Any] = {
        "verdict": verdict.word,
        "contract": verdict.contract,
        "deliveries": verdict.deliveries,
        "payloads": verdict.payloads,
        "violations": [_violation(located) for located in verdict.violations],
    }
    return {**report, "unexpected": verdict.unexpected} if verdict.unexpected else report


def _violation(located: Located) -> dict[str, Any]:
    """A violation's `deliveries` are counted from the first line of the first file."""
    record = violation_record(located.violation)
    deliveries = record.pop("deliveries")
    return {**record, "file": located.place.file, "line": located.place.line, "deliveries": deliveries}
