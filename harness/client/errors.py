"""What can go wrong with a request to the control API."""

from __future__ import annotations

import os
import ssl
from typing import Any

import orjson


class ApiError(Exception):
    """The server refused a request; the message says why, and how to mend it."""

    def __init__(self, status: int, title: str, detail: str = "") -> None:
        super().__init__(status, title, detail)
        self.status = status
        self.title = title
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.status}: {self.title}" + (f" ({self.detail})" if self.detail else "")


class Unreachable(ConnectionError):
    """Nobody answers at the server's URL; the message says where and why."""


class NotInTime(TimeoutError):
    """What was waited for did not come in time; the message says what did."""


def api_error(status: int, body: bytes) -> ApiError:
    """The error that an answer of 400 and above tells of, whoever wrote it."""
    try:
        problem: Any = orjson.loads(body)
        return ApiError(status, str(problem["title"]), str(problem.get("detail", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        text = body[:200].decode("utf-8", "replace").strip()
        return ApiError(status, "the answer is not one of the harness", text or "check the URL")


def unreachable(url: str, reason: Exception | str) -> Unreachable:
    """The error for a server that cannot be reached, in the words of the operating system where it has any."""
    fault = getattr(reason, "certificate_error", None) or getattr(reason, "os_error", reason)
    number = getattr(fault, "errno", None)
    if isinstance(fault, ssl.SSLError):  # the numbers of these are OpenSSL's
        reason = _tls_words(fault)
    elif isinstance(number, int) and number > 0:
        reason = os.strerror(number).lower()
    return Unreachable(f"no harness answers at {url}: {reason}; start one with `harness serve`, or check the URL")


def _tls_words(fault: ssl.SSLError) -> str:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({fault.verify_message})"
    return f"TLS failed ({(fault.reason or str(fault)).replace('_', ' ').lower()})"
