"""The simulated space as a system under test: over real HTTP, on the run's clock."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import test_utils, web
from msgspec.structs import replace

from harness.core.instants import DAY, HOUR, MILLISECOND, MINUTE, Instant
from harness.core.journeys import Entry, Journey, SendStep
from harness.core.profiles import Profile
from harness.core.systems import Address, Source, System, SystemFailed
from harness.engage.settings import Settings
from harness.engage.space import Space
from harness.senders.engage import EngageSystem, breakdown_name
from tests.engage.spaces import ALEX, SAM, START, STEP, journey
from tests.senders.receiver import Receiver, StandingClock, following, publish


@pytest.fixture
def clock() -> StandingClock:
    """The clock of the run."""
    return StandingClock()


@pytest.fixture
async def receiver(clock: StandingClock) -> AsyncIterator[Receiver]:
    """A running server."""
    receiver = Receiver(clock)
    application = web.Application()
    application.router.add_post("/{tail:.*}", receiver.handle)
    async with test_utils.TestServer(application) as server:
        receiver.url = str(server.make_url("")).rstrip("/")
        yield receiver
        receiver.release.set()


@pytest.fixture
def space() -> Space:
    """The space under the system."""
    return Space(start=START)


@pytest.fixture
async def system(clock: StandingClock, space: Space) -> AsyncIterator[EngageSystem]:
    """The system under test."""
    system = EngageSystem(clock=clock, space=space)
    yield system
    await system.stop()


async def test_it_is_a_system_and_a_source(system: EngageSystem) -> None:
    """It satisfies both protocols and can do all that a scenario asks for."""
    as_system: System = system
    as_source: Source = system
    assert callable(as_source.ingest)
    assert as_system.can == {"publish", "enter", "leave", "track", "identify", "advance", "settle"}


async def test_an_entry_is_posted_to_its_destinations(system: EngageSystem, receiver: Receiver) -> None:
    """Entering and settling sends the call and the list document as JSON, each to its URL."""
    key = await publish(system, receiver.event(), receiver.list())
    await system.enter("winback", STEP, ALEX)
    await system.settle()
    (path, call, _), (list_path, document, _) = receiver.got
    assert (path, call["properties"]) == ("/crm", {key: "true"})
    assert (list_path, document["list"]) == ("/ads", key)
    assert set(receiver.content_types) == {"application/json"}


async def test_failures_are_retried_on_the_runs_clock(
    system: EngageSystem, receiver: Receiver, space: Space, clock: StandingClock
) -> None:
    """Retries wait in the run's time and not in ours; each comes with the same message."""
    receiver.answers = [503, "reset", 200]
    await publish(system, receiver.event())
    await system.enter("winback", STEP, ALEX)
    await system.settle()
    assert len({call["messageId"] for _, call, _ in receiver.got}) == 1
    times = [at for _, _, at in receiver.got]
    assert times == sorted(set(times))
    assert clock.now() == times[-1] > START + MINUTE
    overview = space.overview("crm")
    assert (overview.delivered, overview.retries) == (1, 2)


async def test_requests_go_out_one_after_the_other(system: EngageSystem, receiver: Receiver) -> None:
    """The order of arrival is the order of entry, whatever the answers are."""
    await publish(system, receiver.event())
    people = [Profile(name=f"p{number}", user_id=f"u{number}") for number in range(20)]
    for person in people:
        await system.enter("winback", STEP, person)
    await system.settle()
    assert [call["userId"] for _, call, _ in receiver.got] == [person.user_id for person in people]


async def test_settling_does_not_wait_for_exits(system: EngageSystem, receiver: Receiver, clock: StandingClock) -> None:
    """An exit that is a week away is not queued; only `advance` lets its time come."""
    await publish(system, receiver.event(), declared=journey("crm", exit_after=7 * DAY))
    await system.enter("winback", STEP, ALEX)
    await system.settle()
    assert (clock.now(), len(receiver.got)) == (START, 1)
    await system.advance(7 * DAY)
    assert (clock.now(), receiver.got[-1][1]["event"]) == (START + 7 * DAY, "Audience Exited")


async def test_advancing_sends_what_falls_due_and_no_more(
    system: EngageSystem, receiver: Receiver, clock: StandingClock
) -> None:
    """Time stops where it was told to, with later retries still to come."""
    receiver.answers = [503] * 99
    await publish(system, receiver.event())
    await system.enter("winback", STEP, ALEX)
    await system.advance(10 * MINUTE)
    assert clock.now() == START + 10 * MINUTE
    assert 3 <= len(receiver.got) < 10
    assert all(at <= clock.now() for _, _, at in receiver.got)


async def test_leaving_sends_nothing(system: EngageSystem, receiver: Receiver) -> None:
    """Without a declared exit, leaving goes unsaid."""
    await publish(system, receiver.event())
    await system.enter("winback", STEP, ALEX)
    await system.leave("winback", STEP, ALEX)
    await system.advance(HOUR)
    assert len(receiver.got) == 1


async def test_doing_and_being_lets_people_in(system: EngageSystem, receiver: Receiver) -> None:
    """`track` and `identify` reach the space as a source's calls would."""
    step = SendStep(name=STEP, to=("crm",))
    for id_, entry in (
        ("bought", Entry(event="Bought", where={"properties.n": 2})),
        ("pro", Entry(traits={"pro": True})),
    ):
        declared = Journey(id=id_, name=id_, steps=(step,), entry=entry)
        await publish(system, receiver.event(), declared=declared)
    await system.track(ALEX, "Bought", {"n": 2})
    await system.identify(Profile(name="mail", emails=("mail@example.com",)), {"pro": True})
    await system.settle()
    emails = [call["context"]["traits"]["email"] for _, call, _ in receiver.got]
    assert emails == ["alex@example.com", "mail@example.com"]


async def test_somebody_without_identifiers_can_do_nothing(system: EngageSystem) -> None:
    """A profile that no source could name is refused with the remedy."""
    with pytest.raises(SystemFailed, match="'ghost' can do nothing; give it a userId"):
        await system.track(Profile(name="ghost"), "Bought", {})


async def test_a_refused_connection_is_retried_and_reported(
    system: EngageSystem, space: Space, clock: StandingClock
) -> None:
    """Where nobody listens, the space gives up after its window, and the system says who was unreachable."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = Address(name="crm", kind="event", url=f"http://127.0.0.1:{bound.getsockname()[1]}")
        await publish(system, address)
        await system.enter("winback", STEP, ALEX)
        await system.settle()
    assert space.overview("crm").failed == {"ECONNREFUSED": 1}
    assert START + 3 * HOUR < clock.now() <= START + 4 * HOUR
    assert address.url in system.unreachable["crm"]
    assert "ECONNREFUSED" in system.unreachable["crm"]


async def test_a_destination_that_answers_again_is_reachable(system: EngageSystem, receiver: Receiver) -> None:
    """Only the last request counts: an answer takes the destination off the unreachable ones."""
    await publish(system, receiver.event())
    system.unreachable["crm"] = "was away"
    await system.enter("winback", STEP, ALEX)
    await system.settle()
    assert system.unreachable == {}


async def test_a_destination_that_hangs_times_out(clock: StandingClock, space: Space, receiver: Receiver) -> None:
    """After the time-out, the attempt counts as failed and is made again; the destination is no stranger."""
    receiver.answers = ["hang", 200]
    system = EngageSystem(clock=clock, space=space, timeout=0.05)
    await publish(system, receiver.event())
    system.unreachable["crm"] = "was away"
    await system.enter("winback", STEP, ALEX)
    await system.settle()
    await system.stop()
    assert (len(receiver.got), space.overview("crm").delivered) == (2, 1)
    assert system.unreachable == {}


async def test_a_redirect_is_followed(system: EngageSystem, receiver: Receiver, space: Space) -> None:
    """After a 307, the message is tried again where that leads, also when it fails there; other messages are not."""
    receiver.answers = ["redirect", 503]
    await publish(system, receiver.event())
    await system.enter("winback", STEP, ALEX)
    await system.settle()
    await system.enter("winback", STEP, SAM)
    await system.settle()
    assert [path for path, _, _ in receiver.got] == ["/crm", "/elsewhere", "/elsewhere", "/crm"]
    assert (space.overview("crm").delivered, space.overview("crm").retries) == (2, 2)


async def test_an_unusable_url_fails_the_system(system: EngageSystem) -> None:
    """A URL that cannot be sent to is an error with its place, and not a retry."""
    await publish(system, Address(name="crm", kind="event", url="crm.example"))
    await system.enter("winback", STEP, ALEX)
    with pytest.raises(SystemFailed, match=r"destination 'crm': 'crm\.example' is no http or https URL"):
        await system.settle()


async def test_unknown_names_fail_the_system(system: EngageSystem, receiver: Receiver) -> None:
    """What the space refuses is the system's failure, with the near miss."""
    with pytest.raises(SystemFailed, match="did you mean 'crm'"):
        await publish(system, receiver.event("crm"), declared=journey("cmr"))


async def test_progress_is_told_after_each_request(clock: StandingClock, space: Space, receiver: Receiver) -> None:
    """A long run can show how far it is."""
    told: list[int] = []
    system = EngageSystem(clock=clock, space=space, progress=told.append)
    await publish(system, receiver.event("crm", "track", "identify"))
    await system.enter("winback", STEP, ALEX)
    await system.settle()
    await system.stop()
    assert told == [1, 2]


async def test_following_sends_as_soon_as_there_is_something(system: EngageSystem, receiver: Receiver) -> None:
    """Under `serve`, an entry is sent without anybody asking for it, and so is what a source in another thread says."""
    declared = replace(journey("crm"), entry=Entry(event="Bought"))
    await publish(system, receiver.event(), declared=declared)
    async with following(system):
        await system.enter("winback", STEP, ALEX)
        await receiver.wait_for(1)
        call = {"type": "track", "event": "Bought", "userId": "u2"}
        await asyncio.to_thread(system.ingest, call, "web")
        await receiver.wait_for(2)
    assert [call["userId"] for _, call, _ in receiver.got] == ["u1", "u2"]


async def test_following_sees_a_jump_of_the_clock(
    system: EngageSystem, receiver: Receiver, clock: StandingClock
) -> None:
    """Who moves the clock says so, and what has fallen due meanwhile is sent."""
    await publish(system, receiver.list())
    async with following(system):
        await system.enter("winback", STEP, SAM)
        clock.set(START + 2 * MINUTE)
        system.wake()
        await receiver.wait_for(1)
    assert receiver.got[0][0] == "/ads"


async def test_following_sends_when_the_time_has_come(receiver: Receiver) -> None:
    """Without any news, what falls due a little later is sent when the clock comes to it."""

    class RunningClock(StandingClock):
        def now(self) -> Instant:
            return START + time.monotonic_ns() // 1000 - began

    began = time.monotonic_ns() // 1000
    soon = Space(start=START, settings=Settings(list_delay=20 * MILLISECOND))
    system = EngageSystem(clock=RunningClock(), space=soon)
    await publish(system, receiver.list())
    async with following(system):
        await system.enter("winback", STEP, ALEX)
        await receiver.wait_for(1)
    await system.stop()
    assert soon.now >= START + 20 * MILLISECOND


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (TimeoutError(), "ETIMEDOUT"),
        (aiohttp.ServerTimeoutError(), "ETIMEDOUT"),
        (aiohttp.ServerDisconnectedError(), "ECONNRESET"),
        (aiohttp.ClientPayloadError(), "ECONNRESET"),
        (aiohttp.ClientOSError(errno.EPIPE, "broken pipe"), "EPIPE"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "ECONNREFUSED"),
    ],
)
def test_breakdowns_have_the_names_of_the_documents(error: Exception, name: str) -> None:
    """Failures of a connection are counted under the names that delivery overviews use."""
    assert breakdown_name(error) == name
