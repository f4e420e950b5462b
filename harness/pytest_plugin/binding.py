"""The run of one test: what is set up in it, what came, and how that is judged."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable, Iterable
from contextlib import suppress

import pytest
from msgspec.structs import replace

from harness.adapters.clocks import FollowingClock, VirtualClock
from harness.adapters.server.list_views import list_views
from harness.adapters.server.runs import Run
from harness.adapters.server.threaded import ThreadedServer
from harness.core.concluding import conclude
from harness.core.declarations import Declarations
from harness.core.destinations.destination import Destination
from harness.core.documents import Mark
from harness.core.journeys import Journey
from harness.core.profiles import Profile
from harness.core.scenario.evidence import Evidence
from harness.core.verdict import Verdict
from harness.pytest_plugin.marking import BadMarker, BadOption, Demands, demands_of
from harness.pytest_plugin.options import OPTIONS
from harness.pytest_plugin.views import Deliveries, seen_from
from harness.reports.text import finding_text

_NUMBERS = itertools.count(1)
_SPACE_FIXTURE = "engage_space"


class BoundRun:
    """The run that belongs to one test; to be used from the test's thread, where nothing else is said."""

    def __init__(
        self, server: ThreadedServer, name: str, item: pytest.Item, demands: Demands, *, virtual: bool
    ) -> None:
        """Open the run `name` anew; its clock stands still if `virtual`, and else follows the wall clock."""
        self.server = server
        self.demands = demands
        self.journeys = dict(demands.journeys)
        self.profiles: dict[str, Profile] = {}
        path, line, title = item.reportinfo()
        self.folder = item.config.invocation_params.dir
        """Where pytest was started."""
        self.mark = Mark(file=seen_from(self.folder, str(path)), line=(line or 0) + 1, column=1)
        self._title = title
        self._told: str | None = None
        self.run = server.do(lambda: self._open(name, virtual=virtual))

    def _open(self, name: str, *, virtual: bool) -> Run:
        self.server.server.runs.close(name)
        run = self.server.server.open_run(name, VirtualClock() if virtual else FollowingClock())
        run.configure(self.demands.contract, {}, self._declarations())
        return run

    def _declarations(self) -> Declarations:
        return Declarations(self.journeys.values(), self.profiles.values())

    def add(self, destination: Destination) -> None:
        """Set up a destination, or one that is there anew."""
        self.server.do(lambda: self.run.add(destination))

    def declare(self, *, journeys: Iterable[Journey] = (), profiles: Iterable[Profile] = ()) -> None:
        """Let journeys and profiles change what is right from now on; on the server's loop."""
        self.journeys.update({journey.id: journey for journey in journeys})
        self.profiles.update({profile.name: profile for profile in profiles})
        self.run.configure(self.demands.contract, self.run.destinations, self._declarations())

    def url(self, destination: str) -> str:
        """Where a destination listens."""
        return self.server.server.destination_url(self.run, destination)

    def deliveries(self) -> Deliveries:
        """All that came so far."""
        return Deliveries(self.server.do(self.run.ledger.deliveries))

    def evidence(self) -> Evidence:
        """The same, as expectations see it."""
        lists = self.server.do(lambda: list_views(self.run))
        return Evidence(self.deliveries(), self.run.checker.declarations, lists=lists)

    async def until(self, missing: Callable[[Evidence], int], seconds: float) -> None:
        """Return when no more messages are `missing`, or when the time is over; on the server's loop."""
        seen = lacking = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    # What is missing takes a payload each: no need to look again before so many have come.
                    news = self.run.ledger.deliveries(seen)
                    if sum(len(delivery.payloads) for delivery in news) >= lacking:
                        seen += len(news)
                        lacking = missing(Evidence(self.run.ledger.deliveries(), self.run.checker.declarations))
                        if lacking <= 0:
                            return
                    await self.run.changed()

    def expect_violations(self, rules: frozenset[str]) -> None:
        """Demand from now on that exactly these rules are broken."""
        self.demands = replace(self.demands, expect_violations=rules)

    def verdict(self) -> Verdict:
        """What all that came so far shows."""
        return self.server.call(self._whole_verdict)

    async def _whole_verdict(self) -> Verdict:
        await self.run.warehouses.loaded()
        return self._verdict()

    def _verdict(self) -> Verdict:
        subject = Verdict(
            word="passed",
            file=self.mark.file,
            mark=self.mark,
            title=self._title,
            lost=self.server.server.missed(self.run),
        )
        if self.run.troubles:
            return replace(subject, word="errored", failures=self.run.troubles)
        return conclude(
            subject,
            self.run.judge(),
            self.run.ledger.deliveries(),
            expect_violations=self.demands.expect_violations,
            unexpected_allowed=self.demands.unexpected_allowed,
            losses=self.run.ledger.losses(),
        )

    def news(self, *, again: bool = False) -> str | None:
        """Why the test fails, in words; None where it does not, or, unless `again`, where that was said before."""
        verdict = self.verdict()
        if verdict.word == "passed":
            return None
        finding = finding_text(verdict)
        if finding == self._told and not again:
            return None
        self._told = finding
        return finding

    def close(self) -> None:
        """End the run; what still comes for it is answered 410."""
        self.server.call(lambda: self.server.server.close_run(self.run.name))


def bind(server: ThreadedServer, request: pytest.FixtureRequest) -> BoundRun:
    """A fresh run for the test that makes `request`, judged as its marker demands."""
    item = request.node
    demands = _demands(item)
    if isinstance(demands, str):
        pytest.fail(demands, pytrace=False)
    name = item.config.stash[OPTIONS].run or _run_name(item.name)
    return BoundRun(server, name, item, demands, virtual=_SPACE_FIXTURE in request.fixturenames)


def _demands(item: pytest.Item) -> Demands | str:
    """What the marker demands, or why it cannot be used; failing in here would show the cause as a second error."""
    try:
        return demands_of(item)
    except BadOption as error:
        return str(error)
    except BadMarker as error:
        return f"@pytest.mark.harness: {error}"


def _run_name(test: str) -> str:
    """A name that no other test of the process has, and that logs can be read by."""
    words = re.sub(r"[^a-z0-9]+", "-", test.lower()).strip("-")
    return f"t{next(_NUMBERS)}-{words[:40]}"
