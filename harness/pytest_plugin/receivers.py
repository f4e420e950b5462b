"""The fixture `destinations`, and what it makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.core.calls import CALL_TYPES
from harness.core.delivery import Delivery, Payload
from harness.core.ledger import Filter, filtered
from harness.core.spelling import near_miss
from harness.pytest_plugin.binding import BoundRun
from harness.pytest_plugin.mappings import destination_in
from harness.pytest_plugin.receiving import EventReceiver, ListReceiver, Receiver, WarehouseReceiver
from harness.pytest_plugin.views import Deliveries

__tracebackhide__ = True  # pytest shows the line of the test that asks for what cannot be
WRITE_KEY = "test"
_NONE_YET = "; it has none yet: make one with `.event(…)`, `.list(…)` or `.warehouse(…)`"


class UnknownDestination(KeyError):
    """A test asks for a destination that it did not make; told as it is, while a KeyError shows its message quoted."""

    def __str__(self) -> str:
        return str(self.args[0])


class Destinations(Mapping[str, Receiver]):
    """The destinations of one test, by name."""

    write_key = WRITE_KEY
    """A write key for real client libraries; any other is taken too, and names another source."""

    def __init__(self, run: BoundRun) -> None:
        """Hold none yet."""
        self._run = run
        self._receivers: dict[str, Receiver] = {}

    def event(
        self,
        name: str,
        *,
        calls: Sequence[str] = ("track",),
        replies: Any = 200,
        integration: str | None = None,
        auth: Mapping[str, Any] | None = None,
        signature: Mapping[str, Any] | None = None,
        url: str | None = None,
        retries: str | Mapping[str, Any] | None = None,
    ) -> EventReceiver:
        """An event destination that takes `calls` and answers `replies`: a status, a fault, a sequence or a mapping.

        `replies`, `auth`, `signature` and `retries` are written as in a scenario. `integration` is the name by which
        calls route to it. With `url`, what comes is recorded, handed on to that endpoint, and answered as it answers.
        A name that is there already is set up anew.
        """
        given = {"integration": integration, "auth": auth, "signature": signature, "url": url, "retries": retries}
        self._add(name, {"kind": "event", "calls": [*calls]}, replies, given)
        receiver = EventReceiver(self._run, name)
        self._receivers[name] = receiver
        return receiver

    def list(  # noqa: PLR0913  # each is a setting of its own, given by name
        self,
        name: str,
        *,
        replies: Any = 200,
        integration: str | None = None,
        auth: Mapping[str, Any] | None = None,
        signature: Mapping[str, Any] | None = None,
        url: str | None = None,
        sync: str | Mapping[str, Any] | None = None,
        minimum_size: int | str | None = None,
        retries: str | Mapping[str, Any] | None = None,
    ) -> ListReceiver:
        """A list destination; the arguments are those of `event`, and when and from what size its lists are in use."""
        given = {"integration": integration, "auth": auth, "signature": signature, "url": url, "retries": retries}
        self._add(name, {"kind": "list"}, replies, {**given, "sync": sync, "minimum_size": minimum_size})
        receiver = ListReceiver(self._run, name)
        self._receivers[name] = receiver
        return receiver

    def warehouse(
        self,
        name: str,
        *,
        url: str = "sqlite:",
        schema: str | None = None,
        selective_sync: Mapping[str, Any] | None = None,
        calls: Sequence[str] = CALL_TYPES,
        replies: Any = 200,
        retries: str | Mapping[str, Any] | None = None,
    ) -> WarehouseReceiver:
        """A warehouse destination, whose calls become rows at `url`: `sqlite:` (in memory), `sqlite:PATH`, `postgresql://…`.

        Its tables are in `schema`, `engage_` and its name unless given; `selective_sync` chooses tables and columns as
        in a scenario.
        """
        given = {"url": url, "schema": schema, "selective_sync": selective_sync, "retries": retries}
        self._add(name, {"kind": "warehouse", "calls": [*calls]}, replies, given)
        receiver = WarehouseReceiver(self._run, name)
        self._receivers[name] = receiver
        return receiver

    def _add(self, name: str, form: Mapping[str, Any], replies: Any, given: Mapping[str, Any]) -> None:
        written = {**form, **{key: value for key, value in given.items() if value is not None}}
        if "url" not in written or written["kind"] == "warehouse":
            written["replies"] = [*replies] if isinstance(replies, tuple) else replies
        elif replies != 200:
            raise TypeError("`url` answers for itself: leave one of `url` and `replies` out")
        self._run.add(destination_in(name, written))

    @property
    def source_url(self) -> str:
        """The host for real client libraries, which append `/v1/…` themselves; their calls feed `engage_space`."""
        return self._run.server.server.source_url(self._run.run)

    @property
    def source_calls(self) -> Sequence[Payload]:
        """The calls that client libraries sent to `source_url`."""
        return [call for _, call in self._run.server.do(lambda: list(self._run.run.sources.calls))]

    @property
    def deliveries(self) -> Sequence[Delivery]:
        """All that came in this test, in order, for unknown destinations too."""
        return self._run.deliveries()

    @property
    def unexpected(self) -> Sequence[Delivery]:
        """What came for destinations that the test does not have; it fails the test, unless that allows it."""
        return Deliveries(filtered(self._run.deliveries(), Filter(unexpected=True)))

    def __getitem__(self, name: str) -> Receiver:
        if name not in self._receivers:
            hint = near_miss(str(name), self._receivers) or _NONE_YET
            raise UnknownDestination(f"the test has no destination {name!r}{hint}")
        return self._receivers[name]

    def __repr__(self) -> str:
        return f"<destinations: {', '.join(map(repr, self._receivers.values())) or 'none'}>"

    def __iter__(self) -> Iterator[str]:
        return iter(self._receivers)

    def __len__(self) -> int:
        return len(self._receivers)
