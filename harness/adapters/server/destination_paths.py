"""What destinations say of themselves in the API's description; the front serves them, past the application."""

from __future__ import annotations

from typing import Final

from harness.adapters.server.requests import METHODS
from harness.adapters.server.routes import Answer, Route

_PATHS: Final = ("/destinations/{name}", "/runs/{run}/destinations/{name}")
_DETAIL: Final = (
    "Paths below it are the same destination. Every request is recorded before it is answered; the answer is what the "
    "destination was told to give, or a 4xx where the body cannot be read."
)


def destination_routes() -> list[Route]:
    """The routes of destinations in the default run, and in any other."""
    return [
        Route(
            method=method, path=path, handler=None, tag="Receiving", summary="Deliver to a destination", detail=_DETAIL,
            body="Payloads", answers=_ANSWERS,
        )
        for path in _PATHS
        for method in METHODS
    ]  # fmt: skip


_ANSWERS: Final = {
    200: Answer(
        description="What the destination was told to answer; any other status may be.", schema="Acknowledgement"
    ),
    400: Answer(description="The body cannot be read.", schema="DestinationError"),
    404: Answer(description="There is no such destination; the nearest name is told.", schema="DestinationError"),
    410: Answer(description="The run is closed, or never was.", schema="DestinationError"),
    413: Answer(description="The body is over the limit.", schema="DestinationError"),
    415: Answer(description="The body is not announced as JSON.", schema="DestinationError"),
}
