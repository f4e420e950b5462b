"""Figures for Prometheus: right, bounded in number, and of one server alone."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from harness.adapters.server.tally import Tally
from tests.server.serving import CONTROL, Served, served, track

CONFIG = {"destinations": {"crm": {"kind": "event", "replies": [503, 200]}, "ok": {"kind": "event"}}}


async def figures(it: Served) -> Mapping[tuple[str, ...], float]:
    """All figures by name and labels, zeros left out."""
    answer = await it.ask("GET", "/_harness/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (
            sample.name.removeprefix("harness_"),
            *(sample.labels[label] for label in sorted(sample.labels, reverse=True)),
        ): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
        if sample.value
    }


async def test_figures_count_what_came() -> None:
    """Deliveries by answer, bytes, breaches, what was refused and lost, and the runs there are."""
    async with served(CONFIG) as it:
        await it.send(track())
        await it.send(track())
        await it.send(track(event="Audience Exited"), to="/destinations/ok")
        await it.send({}, to="/destinations/<nobody>")
        await it.send({}, to="/runs/nowhere/destinations/crm")
        await it.raw(b"nonsense\r\n\r\n")
        told = await figures(it)
        sizes = [len(each["request"]["body"]) for each in (await it.get("/runs/default/deliveries"))["deliveries"]]
    assert told == {
        ("deliveries_total", "5xx", "default", "crm"): 1,
        ("deliveries_total", "2xx", "default", "crm"): 1,
        ("deliveries_total", "2xx", "default", "ok"): 1,
        ("deliveries_total", "4xx", "default", "(unexpected)"): 1,
        ("received_bytes_total", "default", "crm"): sizes[0] + sizes[1],
        ("received_bytes_total", "default", "ok"): sizes[2],
        ("received_bytes_total", "default", "(unexpected)"): sizes[3],
        ("violations_total", "default", "entry-only"): 1,
        ("runs",): 1,
        ("refused_total",): 1,
        ("lost_total",): 1,
    }  # fmt: skip


async def test_counters_never_go_back() -> None:
    """A reset forgets no count, and the counts of a run that is closed live on under a common name."""
    async with served() as it:
        await it.put("/runs/r", CONFIG)
        for forget in (("POST", "/runs/r/reset"), ("DELETE", "/runs/r")):
            await it.send(track(), to="/runs/r/destinations/ok")
            await it.ask(forget[0], CONTROL + forget[1])
        told = await figures(it)
    assert told["deliveries_total", "2xx", "(closed)", ""] == 2


async def test_names_are_bounded_in_number() -> None:
    """However many runs, destinations and unknown names there are, there are only so many figures."""
    names = [f"d{number}" for number in range(60)]
    async with served({"destinations": {name: {"kind": "event"} for name in names}}) as it:
        for number in range(60):
            await it.put(f"/runs/r{number}", CONFIG)
            await it.send(track(), to=f"/runs/r{number}/destinations/ok")
            await it.send(track(), to=f"/destinations/{names[number]}")
        for number in range(200):
            await it.send({}, to=f"/destinations/stray{number}")
        told = await figures(it)
    deliveries = {key: value for key, value in told.items() if key[0] == "deliveries_total"}
    assert sum(deliveries.values()) == 320
    assert len(deliveries) <= 120
    assert deliveries["deliveries_total", "2xx", "(other)", ""] == 11
    assert deliveries["deliveries_total", "2xx", "default", "(other)"] == 10


async def test_two_servers_have_figures_of_their_own() -> None:
    """Nothing is counted for the process."""
    async with served(CONFIG) as one, served(CONFIG) as other:
        await one.send(track())
        assert ("deliveries_total", "5xx", "default", "crm") not in await figures(other)


async def test_openmetrics_is_answered_to_who_asks_for_it() -> None:
    """The format is the one that the scraper prefers."""
    async with served() as it:
        answer = await it.ask("GET", "/_harness/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")


def test_a_tally_counts_nothing_twice() -> None:
    """What was added from another stays apart from its destinations."""
    one, other = Tally(), Tally()
    other.deliveries["crm", "2xx"] = 3
    one.add(other)
    one.add(other)
    assert dict(one.deliveries) == {("", "2xx"): 6}
