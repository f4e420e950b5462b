"""One destination of a test: what came there, waiting for it, and assertions about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack, assert_never

from msgspec.structs import replace

from harness.core.delivery import Delivery, Payload
from harness.core.instants import Duration, parse_duration
from harness.core.ledger import Filter, filtered
from harness.core.members import Change
from harness.core.scenario.evidence import Evidence, Message
from harness.core.scenario.expecting import unmet_expectations
from harness.core.scenario.model import Attempts, Expectation, Match, Received, Undelivered
from harness.core.verdict import Nearest, Unmet, Verdict
from harness.core.warehouses.results import Found, NoRows, Rows
from harness.pytest_plugin.binding import BoundRun
from harness.pytest_plugin.views import Deliveries, callers_mark, counted
from harness.pytest_plugin.wanting import Wanted, amount, match
from harness.reports.text import finding_text

__tracebackhide__ = True  # pytest shows the line of the test that asks for what cannot be
DEFAULT_TIMEOUT = 5.0


class Receiver:
    """A destination of one test."""

    _kind: str

    def __init__(self, run: BoundRun, name: str) -> None:
        """Look at the destination `name` of `run`."""
        self._run = run
        self.name = name

    def __repr__(self) -> str:
        return f"<{self._kind} destination {self.name!r} at {self.url}: {counted(len(self.deliveries))}>"

    @property
    def url(self) -> str:
        """Where it listens; anything below it belongs to it too."""
        return self._run.url(self.name)

    @property
    def deliveries(self) -> Sequence[Delivery]:
        """Every attempt to deliver to it so far, in order, with what was wrong in it and what was answered."""
        return Deliveries(filtered(self._run.deliveries(), Filter(destination=self.name)))

    @property
    def payloads(self) -> Sequence[Payload]:
        """All payloads of these deliveries, in order: calls, or list entries; a retry is listed again."""
        return [payload for delivery in self.deliveries for payload in delivery.payloads]

    def wait_for(self, count: int = 1, timeout: float = DEFAULT_TIMEOUT, **wanted: Unpack[Wanted]) -> Sequence[Payload]:
        """The messages that it accepted, once there are `count` of those wanted; else the test fails after `timeout` s.

        For synchronous tests. A message that was retried counts once.
        """
        asked = self._match(wanted)
        self._run.server.call(lambda: self._run.until(lambda evidence: self._missing(evidence, asked, count), timeout))
        return self._come(asked, count, timeout)

    async def wait(
        self,
        count: int = 1,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109  # the synchronous twin has it, and its test fails by it
        **wanted: Unpack[Wanted],
    ) -> Sequence[Payload]:
        """The same for asynchronous tests, whose event loop goes on meanwhile."""
        asked = self._match(wanted)
        await self._run.server.acall(
            lambda: self._run.until(lambda evidence: self._missing(evidence, asked, count), timeout)
        )
        return self._come(asked, count, timeout)

    def assert_received(
        self,
        count: int | None = None,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        **wanted: Unpack[Wanted],
    ) -> None:
        """Fail unless it accepted exactly `count` of the messages wanted, or so many; at least one unless said."""
        number = amount(count, at_least, at_most)
        self._assert(Received(mark=self._run.mark, match=self._match(wanted), count=number))

    def assert_undelivered(
        self,
        count: int | None = None,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        **wanted: Unpack[Wanted],
    ) -> None:
        """Fail unless exactly `count` of the messages wanted, or so many, were sent and never accepted."""
        number = amount(count, at_least, at_most)
        self._assert(Undelivered(mark=self._run.mark, match=self._match(wanted), count=number))

    def assert_attempts(self, each: int | None = None, *, total: int | None = None, **wanted: Unpack[Wanted]) -> None:
        """Fail unless each message wanted was tried `each` times, and all of them together `total` times."""
        if each is None and total is None:
            raise TypeError("no number of attempts is demanded: give `each` or `total`")
        self._assert(
            Attempts(
                mark=self._run.mark,
                match=self._match(wanted),
                each=None if each is None else amount(each, None, None),
                total=None if total is None else amount(total, None, None),
            )
        )

    def assert_nothing(self, **wanted: Unpack[Wanted]) -> None:
        """Fail if anything came, accepted or not; with keywords, if any of the messages wanted came."""
        evidence, asked = self._run.evidence(), self._match(wanted)
        messages = evidence.matching(asked, self.name)
        bodies = [] if wanted else [delivery for delivery in self.deliveries if not delivery.payloads]
        if messages or bodies:
            self._fail([self._something(messages, bodies)])

    def _something(self, messages: Sequence[Message], bodies: Sequence[Delivery]) -> Unmet:
        sightings = messages[0].sightings if messages else []
        return Unmet(
            mark=self._run.mark,
            expectation=f"{self.name}.assert_nothing",
            expected=f"nothing at {self.name}",
            actual=f"{len(messages)} messages, and {len(bodies)} deliveries without any",
            nearest=Nearest(delivery=sightings[-1][0], payload=sightings[-1][1], difference="it was not to come")
            if sightings
            else None,
        )

    def _match(self, wanted: Wanted) -> Match:
        return match(self.name, wanted, self._run.journeys)

    def _accepted(self, evidence: Evidence, asked: Match) -> list[Message]:
        return [message for message in evidence.matching(asked, self.name) if message.accepted]

    def _missing(self, evidence: Evidence, asked: Match, count: int) -> int:
        return count - len(self._accepted(evidence, asked))

    def _come(self, asked: Match, count: int, timeout: float) -> Sequence[Payload]:
        """The messages that were waited for; AssertionError where too few of them came."""
        evidence = self._run.evidence()
        found = self._accepted(evidence, asked)
        if len(found) < count:
            self._assert(
                Received(mark=self._run.mark, match=asked, count=amount(None, count, None)), f" within {timeout:g} s"
            )
        return [message.payload for message in found]

    def _assert(self, expectation: Expectation, more: str = "") -> None:
        unmet = unmet_expectations([expectation], self._run.evidence())
        if unmet:
            self._fail(unmet, more)

    def _fail(self, unmet: Sequence[Unmet], more: str = "") -> None:
        mark = callers_mark(self._run.mark, self._run.folder)
        told = [replace(each, mark=mark, expected=each.expected + more) for each in unmet]
        raise AssertionError(finding_text(Verdict(word="failed", file=mark.file, mark=mark, title="", unmet=told)))


class EventReceiver(Receiver):
    """An event destination of one test."""

    _kind = "event"


class ListReceiver(Receiver):
    """A list destination of one test."""

    _kind = "list"

    @property
    def members(self) -> Sequence[Any]:
        """The users on its lists now, in the order of their adding, each as it was sent."""
        return self.members_of()

    def members_of(self, key: str | None = None, *, step: str | None = None) -> Sequence[Any]:
        """The users on the list with that key, or on that of a declared step; on all lists where none is named."""
        steps = None if step is None else self._match({"step": step}).steps
        evidence = self._run.evidence()
        if key is not None:
            return self._run.server.do(lambda: self._run.run.pasts[self.name].members.lists().get(key, []))
        return evidence.members(self.name, steps)

    @property
    def history(self) -> Sequence[Change]:
        """What changed on its lists, in order: each has `.list`, `.action`, `.user`, `.at`, `.delivery`, `.payload`."""
        return self._run.evidence().changes(self.name, None)

    def in_effect(self, step: str | None = None, *, at: str | None = None) -> Sequence[Any]:
        """The users who are members in effect, now or `at` so long after the set-up, on all lists or a step's.

        A time that is still to come shows who will be, if nothing else comes.
        """
        standing = self._lists_at(step, None if at is None else parse_duration(at), in_effect=True)
        return [added.user for members in standing.values() for added in members]

    def targetable(self, step: str | None = None) -> bool:
        """Whether all of its lists, or a step's, have their minimum size in effect; False where there is none."""
        standing = self._lists_at(step, None, in_effect=True)
        view = self._run.evidence().view(self.name)
        return bool(standing) and all(view.targets(len(members)) for members in standing.values())

    def _lists_at(self, step: str | None, at: Duration | None, *, in_effect: bool) -> dict[str, list[Change]]:
        steps = None if step is None else self._match({"step": step}).steps
        return self._run.evidence().lists_at(self.name, steps, at, in_effect=in_effect)


class WarehouseReceiver(Receiver):
    """A warehouse destination of one test."""

    _kind = "warehouse"

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows that a reading query finds once all that was accepted is loaded; AssertionError where it fails."""
        return self._records(self._run.server.call(lambda: self._found(sql)))

    async def arows(self, sql: str) -> list[dict[str, Any]]:
        """The same for asynchronous tests."""
        return self._records(await self._run.server.acall(lambda: self._found(sql)))

    async def _found(self, sql: str) -> Found:
        found = await self._run.run.warehouses.found([(self.name, sql)])
        return found[self.name, sql]

    def _records(self, found: Found) -> list[dict[str, Any]]:
        match found:
            case Rows():
                return found.records()
            case NoRows(reason=reason):
                raise AssertionError(f"the query in {self.name} failed: {reason}")
            case _:
                assert_never(found)
