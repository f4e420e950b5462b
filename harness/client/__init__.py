"""A client of the control API: `Client` for synchronous programs, `AsyncClient` for asynchronous ones."""

from harness.client.asynchronous import AsyncClient, AsyncDestination, AsyncRun
from harness.client.calls import Filters
from harness.client.errors import ApiError, NotInTime, Unreachable
from harness.client.synchronous import Client, Destination, Run
from harness.client.values import LostRequest, RefusedRequest, RunState, Verdict

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncDestination",
    "AsyncRun",
    "Client",
    "Destination",
    "Filters",
    "LostRequest",
    "NotInTime",
    "RefusedRequest",
    "Run",
    "RunState",
    "Unreachable",
    "Verdict",
]
