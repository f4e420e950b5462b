"""An unmodified client library of Segment against a running server: its calls are taken once, and move a journey."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from segment.analytics.client import Client

from harness.adapters.clocks import VirtualClock
from harness.adapters.contract_files import load_contract
from harness.adapters.server.runs import Run
from harness.adapters.server.threaded import ThreadedServer
from harness.core.behaviours import behaviour
from harness.core.declarations import Declarations
from harness.core.destinations.destination import Destination
from harness.core.journeys import Entry, Journey, SendStep
from harness.core.retry_profiles import retry_profile
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


def served_badly(served: ThreadedServer, *replies: Any, retries: str = "analytics-python") -> Run:
    """A run with a source `shop-key` that answers like this, one after the other, and as it should at last."""
    source = Destination(
        name="shop-key", kind="source", behaviour=behaviour([*replies, 200]), retries=retry_profile(retries)
    )
    run = served.do(lambda: served.server.open_run("shop", VirtualClock()))
    served.do(lambda: run.configure(load_contract("engage-journeys"), {"shop-key": source}, Declarations()))
    return run


@pytest.mark.parametrize(
    "reply",
    [408, {"status": 429, "headers": {"Retry-After": "1"}}, 410, 460, 500, 503, "reset", "empty", "hang"],
    ids=str,
)
def test_it_keeps_to_its_own_profile(served: ThreadedServer, reply: Any) -> None:
    """What failed is tried again once, as the same message, in time by its own profile, and taken in once."""
    run = served_badly(served, reply)
    send(served.server.source_url(run), timeout=0.5, upload_interval=0.05)
    run.settled = True
    assert [delivery.attempt for delivery in run.ledger.deliveries()] == [1, 2]
    assert [call["type"] for _, call in run.sources.calls] == ["identify", "track"]
    assert run.judge().violations == ()


@pytest.mark.parametrize("reply", [400, 401, 403, 404, 413, 501, 505])
def test_it_gives_up_after_a_final_answer(served: ThreadedServer, reply: int) -> None:
    """A refusal is final by its profile: it is not tried again, and nobody is accused."""
    run = served_badly(served, reply)
    send(served.server.source_url(run), timeout=0.5, upload_interval=0.05)
    run.settled = True
    assert len(run.ledger.deliveries()) == 1
    assert run.sources.calls == []
    assert run.judge().violations == ()


@pytest.mark.parametrize(
    ("reply", "told"),
    [(410, "the sender to shop-key tries a message again that it answered 410"),
     (501, "shop-key answered a message 501, and never got it again")],
)  # fmt: skip
def test_it_is_accused_by_the_profile_of_others(served: ThreadedServer, reply: int, told: str) -> None:
    """It tries a 410 again, and no 501, which those who send webhooks do just the other way round."""
    run = served_badly(served, reply, retries="standard-webhooks")
    send(served.server.source_url(run), timeout=0.5, upload_interval=0.05)
    run.settled = True
    assert {violation.message for violation in run.judge().violations} == {told}


def test_a_source_that_answers_badly_takes_nothing_in(served: ThreadedServer) -> None:
    """The calls of a request that was refused reach no system; those of one that was taken do, whatever its path."""
    run = served_badly(served, 503)
    url = f"{served.server.source_url(run)}/v1/track"
    for expected in (503, 200):
        body = b'{"userId": "u1", "event": "Order Completed", "messageId": "m1", "writeKey": "shop-key"}'
        request = Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310  # our own host
        try:
            status = urlopen(request).status  # noqa: S310  # as above
        except HTTPError as error:
            status = error.code
            error.close()
        assert status == expected
        assert len(run.sources.calls) == (expected == 200)
    assert run.sources.calls[0][1]["type"] == "track"


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
