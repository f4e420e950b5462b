"""Deliveries as an HTTP archive (HAR 1.2), which browsers and proxies open, and `harness check` reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import orjson

from harness import __version__
from harness.core.delivery import Delivery, Respond
from harness.core.instants import MILLISECOND, isoformat
from harness.core.records import delivery_record

_VERSION: Final = "HTTP/1.1"
Secrets: TypeAlias = Callable[[str], Collection[str]]
"""The headers in which the destination of that name has secrets, beside those that are known by their names."""
_UNKNOWN: Final = -1
"""What HAR writes where a size or a time is not known."""


def _none(destination: str) -> Collection[str]:
    return ()


def har_pieces(deliveries: Iterable[Delivery], *, host: str, secret: Secrets = _none) -> Iterator[bytes]:
    """The archive of `deliveries`, piece by piece, so that it never has to be in memory.

    `host` is where they went; `secret` names the headers in which a destination has secrets.
    """
    head = {"version": "1.2", "creator": {"name": "journey-harness", "version": __version__}}
    yield b'{"log":' + orjson.dumps(head)[:-1] + b',"entries":['
    comma = b""  # all on one line: lines that are JSON by themselves would be taken for records
    for delivery in deliveries:
        yield comma + orjson.dumps(har_entry(delivery, host=host, secret=secret))
        comma = b","
    yield b"]}}\n"


def har_entry(delivery: Delivery, *, host: str, secret: Secrets = _none) -> Mapping[str, Any]:
    """One delivery as an entry; secrets in its headers are masked, as in a record."""
    record = delivery_record(delivery, secret(delivery.destination))
    request = record["request"]
    took = delivery.reply.latency / MILLISECOND
    path = request["path"] if request["path"].startswith("/") else "/"
    headers = [{"name": name, "value": value} for name, value in request["headers"].items()]
    posted: dict[str, Any] = {"mimeType": request["headers"].get("content-type", "application/octet-stream")}
    if "body" in request:
        posted["text"] = request["body"]
    else:
        posted.update(text=request["body_base64"], encoding="base64")  # as browsers write what is no text
    return {
        "startedDateTime": isoformat(delivery.arrival.received_at),
        "time": took,
        "request": {
            "method": request["method"],
            "url": f"http://{request['headers'].get('host', host)}{path}",
            "httpVersion": _VERSION,
            "cookies": [],
            "headers": headers,
            "queryString": [{"name": name, "value": value} for name, value in _query(path)],
            "postData": posted,
            "headersSize": _UNKNOWN,
            "bodySize": len(delivery.arrival.body),
        },
        "response": _response(delivery),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "_reply": record["reply"],
        "comment": f"delivery {delivery.number} to {delivery.destination}, attempt {delivery.attempt}",
    }


def _query(path: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(path).query, keep_blank_values=True)


def _response(delivery: Delivery) -> Mapping[str, Any]:
    """What was answered; a status of 0 means a cut connection, as in browsers."""
    reply = delivery.reply
    plain = isinstance(reply, Respond)
    headers = reply.headers if isinstance(reply, Respond) else ()
    return {
        "status": reply.status if isinstance(reply, Respond) else 0,
        "statusText": "",
        "httpVersion": _VERSION,
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in headers],
        "content": {"size": 0, "mimeType": "application/json"},
        "redirectURL": "",
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN,
        **({} if plain else {"_error": "the connection was cut"}),
    }
