"""What `harness contracts detect --json` prints."""

from __future__ import annotations

from typing import Any

from harness.core.captures.families import Detection, Fit, Part
from harness.core.captures.strands import Breaking


def detect_report(detection: Detection) -> dict[str, Any]:
    """The verdict, the one contract that fits all payloads if there is one, and each part."""
    return {
        "verdict": detection.word,
        "contract": detection.contract,
        "deliveries": detection.deliveries,
        "payloads": detection.payloads,
        "neutral": detection.neutral,
        "unread": detection.unread,
        "parts": [_part(part) for part in detection.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "payloads": part.payloads,
        "destinations": part.destinations,
        "keys": part.keys,
        **_fit(part.fit),
        "others": [_fit(fit) for fit in part.others],
    }


def _fit(fit: Fit) -> dict[str, Any]:
    return {
        "contract": fit.contract,
        "misfits": fit.misfits,
        "looked_into": fit.looked_into,
        "breaches": [_breaking(each) for each in fit.breaking],
    }


def _breaking(each: Breaking) -> dict[str, Any]:
    return {
        "rule": each.rule,
        "message": each.message,
        "expected": each.expected,
        "actual": each.actual,
        "count": each.count,
        "file": each.place.file,
        "line": each.place.line,
    }
