"""The sender that the documented tests call: what a reader has of their own."""

from __future__ import annotations

import json
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from harness.core.rules.examples import identify, track

_ATTEMPTS = 5
_BACK_OFF = 0.1
"""Seconds, times the number of attempts so far: whoever retries faster breaks `retry-policy`."""


def my_sender(url: str, *, user: str = "u1", left: bool = False, calls: str = "track") -> None:
    """Tell the destination at `url` of one user, as an entry or an exit, and back off and try again while it fails."""
    call = {**(identify() if calls == "identify" else track()), "userId": user, "messageId": f"personas_{user}_{left}"}
    if left:
        call["event"] = "Audience Exited"
    for attempt in range(_ATTEMPTS):
        time.sleep(_BACK_OFF * attempt)
        if _post(url, call) < 500:
            return


def _post(url: str, call: object) -> int:
    body = json.dumps(call).encode()
    request = Request(url, data=body, headers={"content-type": "application/json"})  # noqa: S310  # the harness's own
    try:
        with urlopen(request) as answer:  # noqa: S310  # as above
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code
