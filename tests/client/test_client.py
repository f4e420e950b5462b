"""Both clients of the control API: the same methods with the same results, synchronous and awaited."""

from __future__ import annotations

import asyncio
import inspect
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest

from harness.adapters.server.threaded import ThreadedServer
from harness.client import ApiError, AsyncClient, Client, NotInTime, Unreachable
from harness.client.calls import Call
from harness.core.delivery import Fault, Respond
from harness.core.instants import HOUR, parse_instant
from harness.core.records import delivery_record
from tests.server.serving import KEY, track

CONFIG = {
    "destinations": {"crm": {"kind": "event", "replies": [503, 200]}, "ads": {"kind": "list"}, "ok": {"kind": "event"}}
}


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadedServer]:
    """A server in another thread."""
    running = ThreadedServer()
    running.start()
    yield running
    running.stop()


@pytest.fixture(params=[Client, AsyncClient])
async def client(request: pytest.FixtureRequest, server: ThreadedServer) -> AsyncIterator[Any]:
    """Each client."""
    made = request.param(server.url)
    yield made
    await got(made.close())


@pytest.fixture
async def run(client: Any) -> AsyncIterator[Any]:
    """A run that is set up, and closed in the end."""
    made = client.run(f"r-{uuid.uuid4().hex[:12]}")
    await got(made.put(CONFIG))
    yield made
    with suppress(ApiError):  # where the test has closed it
        await got(made.close())


async def got(value: Any) -> Any:
    """What a method of either client returns in the end; the items of an iterator as a list."""
    if inspect.isasyncgen(value):
        return [each async for each in value]
    if inspect.isgenerator(value):
        return await asyncio.to_thread(list, value)
    return await value if inspect.isawaitable(value) else value


async def send(run: Any, name: str, json: Any) -> None:
    """Deliver to a destination of a run, whatever it answers."""
    with suppress(ApiError):
        await got(run.client.ask(delivery(path_of(run, name), json)))


def delivery(path: str, json: Any) -> Call[None]:
    """A delivery to a destination."""
    return Call(method="POST", path=path, read=lambda _: None, json=json)


def path_of(run: Any, name: str) -> str:
    """The path of a destination."""
    path: str = run.destination(name).url.removeprefix(run.client.url)
    return path


async def test_a_run_is_opened_shown_and_closed(client: Any) -> None:
    """What is put is what is there, until it is closed."""
    run = client.run(f"r-{uuid.uuid4().hex[:12]}")
    state = await got(run.put(CONFIG, expires_after="1h"))
    same = await got(run.state())
    names = [each.name for each in await got(client.runs())]
    await got(run.close())
    with pytest.raises(ApiError, match="there is no run") as gone:
        await got(run.state())
    assert (state.name, state.expires_after, list(state.destinations)) == (run.name, HOUR, ["crm", "ads", "ok"])
    assert (same.destinations, run.name in names, "default" in names) == (state.destinations, True, True)
    assert gone.value.status == 404


async def test_opened_closes_the_run_in_the_end(client: Any) -> None:
    """A run for one block is closed, also where the block fails."""
    name = f"r-{uuid.uuid4().hex[:12]}"
    context = client.opened(name, CONFIG)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012  # the context is part of what is tested
        if isinstance(client, AsyncClient):
            async with context:
                raise ZeroDivisionError
        else:
            with context:
                raise ZeroDivisionError
    assert name not in [each.name for each in await got(client.runs())]


async def test_all_runs_are_listed_past_a_page(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are joined; nothing is missing and nothing twice."""
    monkeypatch.setattr("harness.client.calls._PAGE", 2)
    runs = [client.run(f"p-{number}") for number in range(5)]
    for each in runs:
        await got(each.put())
    names = [each.name for each in await got(client.runs())]
    for each in runs:
        await got(each.close())
    assert [name for name in names if name.startswith("p-")] == [f"p-{number}" for number in range(5)]


async def test_a_destination_is_put_changed_and_shown(run: Any) -> None:
    """Replies change while it runs; all else stays."""
    crm = run.destination("new")
    put = await got(crm.put(kind="event", calls=["identify"]))
    changed = await got(crm.change(replies=[500, 200]))
    assert put["replies"] == 200
    assert changed == await got(crm.state()) == (await got(run.destinations()))["new"]
    assert (changed["calls"], changed["replies"]) == (["identify"], [500, 200])


async def test_members_are_shown(run: Any) -> None:
    """Who was added to a list is on it."""
    await send(run, "ads", {"list": KEY, "add": [{"userId": "u1"}]})
    assert await got(run.destination("ads").members()) == {KEY: [{"userId": "u1"}]}


async def test_lists_are_shown(run: Any) -> None:
    """With their sizes."""
    await send(run, "ads", {"list": KEY, "add": [{"userId": "u1"}]})
    found = await got(run.destination("ads").lists())
    assert (found["lists"][KEY]["in_effect"], found["audiences"]) == (1, [])


async def test_the_history_of_members_is_shown(run: Any) -> None:
    """Of all users, or of one."""
    await send(run, "ads", {"list": KEY, "add": [{"userId": "u1"}, {"userId": "u2"}]})
    found = await got(run.destination("ads").member_history(user="u2"))
    assert [(each["action"], each["delivery"], each["payload"]) for each in found] == [("add", 1, 1)]


async def test_deliveries_are_those_that_the_server_has(run: Any, server: ThreadedServer) -> None:
    """Each is the one in the ledger, written as a record and read again."""
    await send(run, "crm", track("a"))
    await send(run, "crm", track("b", event="Audience Exited"))
    await send(run, "nobody", {})
    await send(run, "ads", {"list": KEY, "add": [{"userId": "é"}]})
    found = await got(run.deliveries())
    kept = server.do(lambda: list(server.server.open_run(run.name).ledger.deliveries()))
    assert [delivery_record(each) for each in found] == [delivery_record(each) for each in kept]
    assert (found[0].reply, found[1].violations[0].rule, found[2].unexpected) == (
        Respond(status=503), "entry-only", True,
    )  # fmt: skip


async def test_filters_and_pages_choose_deliveries(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters are handed on, and pages joined."""
    monkeypatch.setattr("harness.client.calls._PAGE", 2)
    for user in "abcde":
        await send(run, "crm", track(user))
        await send(run, "ok", track(user))
    numbers = [each.number for each in await got(run.deliveries(destination="ok", accepted=True, after=2))]
    assert numbers == [4, 6, 8, 10]


async def test_a_wait_ends_with_the_delivery_that_was_waited_for(run: Any) -> None:
    """It comes while the wait is on, from another thread."""
    path = path_of(run, "ok")
    sender = Client(run.client.url)
    later = threading.Timer(
        0.05, lambda: sender.ask(Call(method="POST", path=path, read=lambda _: None, json=track("b")))
    )
    await send(run, "ok", track("a"))
    later.start()
    found = await got(run.wait(2, destination="ok", within=10))
    later.join()
    sender.close()
    assert [each.payloads[0]["userId"] for each in found] == ["a", "b"]


async def test_a_wait_that_is_over_says_what_came(run: Any) -> None:
    """The message has the number that came, and the last of them."""
    await send(run, "ok", track("a"))
    with pytest.raises(NotInTime, match=r"within 0.01 s came 1 of at least 2; 0 in flight; the last: 1 to ok"):
        await got(run.wait(2, within=0.01))


async def test_a_wait_may_be_for_quiet(run: Any) -> None:
    """With no count, it ends once nothing new comes."""
    await send(run, "ok", track("a"))
    assert len(await got(run.wait(0, settled=0.02))) == 1


async def test_a_long_wait_is_several_requests(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No single request waits longer than servers and proxies allow."""
    monkeypatch.setattr("harness.client.calls._POLL_SECONDS", 0.01)
    with pytest.raises(NotInTime, match=r"within 0\.1 s"):
        await got(run.wait(1, within=0.1))


async def test_a_verdict_is_told(run: Any) -> None:
    """The word, the rules, what is unexpected, and the counts."""
    before = await got(run.verdict())
    await send(run, "ok", track(event="Audience Exited"))
    await send(run, "okk", track())
    after = await got(run.verdict())
    assert (before.passed, before.word, before.rules) == (True, "passed", frozenset())
    assert (after.word, after.rules, after.counts["unexpected"]) == ("failed", {"entry-only"}, 1)
    assert after.violations[0].deliveries == (1,)
    assert "did you mean 'ok'" in after.failures[0]


async def test_a_clock_is_read_and_moved(run: Any) -> None:
    """By a duration, or to a time."""
    start = await got(run.clock())
    later = await got(run.move_clock(advance="1h"))
    far = await got(run.move_clock(now="2400-01-01T00:00:00Z"))
    assert later - start >= HOUR
    assert far >= parse_instant("2400-01-01T00:00:00Z")


@pytest.mark.parametrize("how", [{}, {"now": "2400-01-01T00:00:00Z", "advance": "1h"}])
async def test_a_clock_is_moved_in_one_way(run: Any, how: dict[str, str]) -> None:
    """Neither or both is a mistake in the program."""
    with pytest.raises(TypeError, match="either"):
        await got(run.move_clock(**how))


async def test_a_reset_forgets(run: Any) -> None:
    """What came is gone, and the set-up is there."""
    await send(run, "ok", track())
    state = await got(run.reset())
    assert (state.deliveries, len(state.destinations), await got(run.deliveries())) == (0, 3, [])


async def test_a_stream_gives_what_comes_until_the_run_is_closed(run: Any) -> None:
    """The iteration ends by itself."""
    for user in "abc":
        await send(run, "ok", track(user))
    stream = run.stream(destination="ok", after=1)
    first = [(await following(stream)).number for _ in range(2)]
    await send(run, "ok", track("d"))
    live = (await following(stream)).number
    await got(run.close())
    assert (first, live, await got(stream)) == ([2, 3], 4, [])


async def following(stream: Any) -> Any:
    """The next delivery of a stream of either client."""
    async with asyncio.timeout(20):
        return await (anext(stream) if inspect.isasyncgen(stream) else asyncio.to_thread(next, stream))


async def test_refused_and_lost_requests_are_told_and_forgotten(client: Any, server: ThreadedServer) -> None:
    """What the server could not record is there to see."""
    await got(client.forget_refused())
    _, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    writer.write(b"nonsense\r\n\r\n")
    while not (refused := await got(client.refused())):
        pass
    writer.close()
    await send(client.run("nowhere"), "crm", track())
    lost = await got(client.lost())
    await got(client.forget_refused())
    assert (refused[0].status, lost[-1].run, lost[-1].destination) == (400, "nowhere", "crm")
    assert await got(client.refused()) == ()


async def test_a_server_that_answers_is_ready(client: Any) -> None:
    """The wait ends at once."""
    await got(client.wait_ready(within=10))


async def test_settings_that_are_given_twice_are_a_mistake(run: Any) -> None:
    """The mapping and the keywords must not contradict each other."""
    with pytest.raises(TypeError, match="kind is given twice"):
        await got(run.destination("x").put({"kind": "event"}, kind="list"))


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_a_server_that_is_not_there_is_told_with_its_url(kind: Any) -> None:
    """The message says where, why, and what to do."""
    client = kind("http://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"no harness answers at http://127.0.0.1:9: .*refused.*harness serve"):
        await got(client.runs())
    with pytest.raises(NotInTime, match=r"not ready within 0.05 s: no harness answers"):
        await got(client.wait_ready(within=0.05))
    await got(client.close())


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("url", ["", "127.0.0.1:8085", "ftp://x", "http://", "http://x/?a=1"])
def test_what_is_no_url_is_refused(kind: Any, url: str) -> None:
    """The mistake is told before anything is asked."""
    with pytest.raises(ValueError, match="not the URL of a server"):
        kind(url)


def test_both_clients_have_the_same_methods() -> None:
    """What one can do, the other can, by the same names and parameters."""
    from harness import client as module

    for name in ("Client", "Run", "Destination"):
        one, other = getattr(module, name), getattr(module, f"Async{name}")
        assert _signatures(one) == _signatures(other)


def _signatures(kind: type) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(member).parameters) if callable(member) else []
        for name, member in vars(kind).items()
        if not name.startswith("_")
    }


async def test_a_cut_connection_is_a_fault(client: Any) -> None:
    """A reply that was no answer is read back as what it was."""
    name = f"r-{uuid.uuid4().hex[:12]}"
    run = client.run(name)
    await got(run.put(destinations={"cut": {"kind": "event", "replies": "reset"}}))
    with pytest.raises(Unreachable):
        await send(run, "cut", track())
    found = await got(run.deliveries())
    await got(run.close())
    assert found
    assert {each.reply for each in found} == {Fault(name="reset")}
