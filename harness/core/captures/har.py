"""HTTP archives: what browsers and proxies save of traffic, and which of it is a delivery."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from harness.core.captures.captured import Defaults

_METHODS = ("POST", "PUT", "PATCH")
_DESTINATION = re.compile(r"/destinations/([^/?#]+)")
_MOST_MILLISECONDS = 1e12


def har_entries(document: Mapping[str, Any]) -> list[Any] | None:
    """The entries of an archive; None where `document` is none."""
    log = document.get("log")
    entries = log.get("entries") if isinstance(log, dict) else None
    return entries if isinstance(entries, list) else None


def is_har_entry(record: Mapping[str, Any]) -> bool:
    """Whether `record` is an entry of an archive."""
    request = record.get("request")
    return isinstance(request, dict) and "url" in request and "destination" not in record


def entry_record(entry: Mapping[str, Any], defaults: Defaults) -> dict[str, Any] | None:
    """An entry as a record; None where it sent no body that could be a delivery."""
    request = entry["request"]
    posted = request.get("postData")
    text = posted.get("text") if isinstance(posted, dict) else None
    if request.get("method") not in _METHODS or not isinstance(text, str):
        return None
    body = "body_base64" if posted.get("encoding") == "base64" else "body"
    return {
        "destination": _destination(request["url"], defaults),
        "received_at": entry.get("startedDateTime"),
        "request": {body: text, "headers": _headers(request), "path": _path(request["url"])},
        "reply": _reply(entry),
    }


def _headers(message: Mapping[str, Any]) -> dict[str, Any]:
    """The headers of a request or a response by lower-case name."""
    listed = message.get("headers")
    named = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return {str(each.get("name")).lower(): each.get("value") for each in named}


def _destination(url: Any, defaults: Defaults) -> str | None:
    """The destination that a URL of a mock server names, else the one that is asked for, else host and path."""
    if not isinstance(url, str):
        return defaults.destination
    named = _DESTINATION.search(url)
    if named:
        return unquote(named[1])
    if defaults.destination is not None:
        return defaults.destination
    parts = _parts(url)
    return f"{parts.netloc}{parts.path}" or None if parts else None


def _path(url: Any) -> str:
    parts = _parts(url)
    return parts.path if parts else ""


def _parts(url: Any) -> SplitResult | None:
    """What a URL consists of; None where it is none."""
    try:
        return urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return None


def _reply(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was answered; a status of 0 means that nothing was."""
    if isinstance(entry.get("_reply"), dict):
        return dict(entry["_reply"])  # as our own archives tell of it
    response = entry.get("response")
    if not isinstance(response, dict) or response.get("status") is None:
        return None
    reply: dict[str, Any] = {"fault": "reset"} if response["status"] == 0 else {"status": response["status"]}
    told = _headers(response).get("retry-after")
    if isinstance(told, str):
        reply["headers"] = {"retry-after": told}
    took = entry.get("time")
    if isinstance(took, int | float) and 0 < took < _MOST_MILLISECONDS:
        reply["latency"] = f"{took:.3f}ms"
    return reply
