"""An unmodified client library of Segment against a running server: its calls are taken once, and move a journey."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

import pytest
from segment.analytics.client import Client

from harness.adapters.clocks import VirtualClock
from harness.adapters.contract_files import load_contract
from harness.adapters.server.runs import Run
from harness.adapters.server.threaded import ThreadedServer
from harness.core.declarations import Declarations
from harness.core.destinations.destination import Destination
from harness.core.journeys import Entry, Journey, SendStep
from harness.core.systems import Address
from harness.engage.space import Space
from harness.senders.engage import EngageSystem

JOURNEY = Journey(
    id="post_purchase",
    name="Post purchase",
    entry=Entry(event="Order Completed", where={"properties.sku": "A-1"}),
    steps=(SendStep(name="Bought something", to=("braze", "ads")),),
)
DESTINATIONS = {
    "braze": Destination(name="braze", kind="event", integration="Braze"),
    "ads": Destination(name="ads", kind="list"),
}


@pytest.fixture
def served() -> Iterator[ThreadedServer]:
    """A server in a thread of its own, as a client in another process would meet it."""
    threaded = ThreadedServer()
    threaded.start()
    yield threaded
    threaded.stop()


@pytest.fixture
def run(served: ThreadedServer) -> Run:
    """A run with an event and a list destination, judged by the default contract."""
    run = served.do(lambda: served.server.open_run("shop", VirtualClock()))
    declared = Declarations([JOURNEY], complete=True)
    served.do(lambda: run.configure(load_contract("engage-journeys"), DESTINATIONS, declared))
    return run


def send(host: str, orders: int = 1, **settings: Any) -> None:
    """Identify a customer and track their orders, as an application would."""
    client = Client("shop-key", host=host, gzip=True, **settings)
    client.identify("u1", {"email": "alex@example.com"})
    for number in range(orders):
        client.track("u1", "Order Completed", {"sku": "A-1", "number": number})
    client.flush()
    client.join()


def test_its_calls_are_taken_with_their_source(served: ThreadedServer, run: Run) -> None:
    """A compressed batch arrives as its calls, in order, under the write key of the client."""
    send(served.server.source_url(run))
    assert [(key, call["type"], call["userId"]) for key, call in run.sources.calls] == [
        ("shop-key", "identify", "u1"),
        ("shop-key", "track", "u1"),
    ]
    assert run.sources.calls[1][1]["context"]["library"]["name"] == "analytics-python"


def test_its_own_batches_lose_nothing(served: ThreadedServer, run: Run) -> None:
    """However the client cuts its calls into batches, each of them is taken once and in order."""
    send(served.server.source_url(run), orders=25, upload_size=4)
    numbers = [call["properties"]["number"] for _, call in run.sources.calls if call["type"] == "track"]
    assert numbers == list(range(25))
    assert run.sources.summary() == {"sources": {"shop-key": {"identify": 1, "track": 25}}, "refused": {}}


def test_what_it_sends_again_is_taken_once(served: ThreadedServer, run: Run) -> None:
    """A batch whose answer is lost on the way comes again, with the same message ids, and changes nothing."""
    with losing_the_first_answer(served.server.source_url(run)) as (host, attempts):
        send(host, max_retries=2)
    assert len(attempts) == 2
    assert [call["type"] for _, call in run.sources.calls] == ["identify", "track"]


@contextmanager
def losing_the_first_answer(host: str) -> Iterator[tuple[str, list[bytes]]]:
    """A stand-in for `host` that hands everything on and answers 503 the first time; and the bodies that it saw."""
    bodies: list[bytes] = []

    class Between(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            kept = {name: self.headers[name] for name in ("Authorization", "Content-Encoding", "Content-Type")}
            request = Request(host + self.path, data=bodies[-1], headers=kept)  # noqa: S310  # the host is our own
            with urlopen(request) as answer:  # noqa: S310  # as above
                self.send_response(503 if len(bodies) == 1 else answer.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Between) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", bodies
        finally:
            server.shutdown()
            thread.join()


async def test_its_event_lets_the_user_into_a_journey(served: ThreadedServer, run: Run) -> None:
    """The first of two orders puts its user on the list and sends one entry, and the verdict is clean."""
    system = EngageSystem(clock=run.clock, space=Space(start=run.clock.now()))
    await system.publish(JOURNEY, {name: address(served, run, name) for name in DESTINATIONS})
    run.sources.feeds = system
    send(served.server.source_url(run), orders=2)
    await system.settle()
    await system.stop()
    deliveries = run.ledger.deliveries()
    assert {delivery.destination: len(delivery.payloads) for delivery in deliveries} == {"braze": 1, "ads": 1}
    (users,) = run.pasts["ads"].members.lists().values()
    assert users == [{"userId": "u1", "email": "alex@example.com"}]
    assert run.judge().violations == ()


def address(served: ThreadedServer, run: Run, name: str) -> Address:
    """Where a sender reaches one of the destinations."""
    destination = DESTINATIONS[name]
    return Address(
        name=name,
        kind=destination.kind,
        url=served.server.destination_url(run, name),
        integration=destination.integration,
    )
