"""Figures of a server for Prometheus, counted when it asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from harness.adapters.server.asking import Controlled
from harness.adapters.server.tally import Tally

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric
    from prometheus_client.core import CounterMetricFamily

_NAMED_RUNS: Final = 50
"""Runs that have figures of their own, the oldest first; all others share one name."""
_NAMED_DESTINATIONS: Final = 50
"""Destinations of a run that have figures of their own."""
OTHER: Final = "(other)"
CLOSED: Final = "(closed)"


class Metrics:
    """The figures of one server, in a registry of its own."""

    def __init__(self, server: Controlled, streams: Callable[[], int]) -> None:
        """Count what `server` holds; `streams` tells how many streams are open."""
        self._server = server
        self._streams = streams
        self._registry: CollectorRegistry | None = None

    def text(self, accept: str) -> tuple[bytes, str]:
        """The figures in the format that an `Accept` header asks for, and its content type."""
        from prometheus_client import CollectorRegistry  # both only now: a server that nobody scrapes starts faster
        from prometheus_client.exposition import choose_encoder

        if self._registry is None:
            self._registry = CollectorRegistry()
            self._registry.register(self)
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def collect(self) -> Iterator[Metric]:
        """All figures, as they are now."""
        yield from self._tallied()
        yield from self._of_server()

    def _tallied(self) -> Iterator[CounterMetricFamily]:
        from prometheus_client.core import CounterMetricFamily

        deliveries = CounterMetricFamily(
            "harness_deliveries",
            "Deliveries recorded, by class of the answer.",
            labels=("run", "destination", "status"),
        )
        received = CounterMetricFamily(
            "harness_received_bytes", "Bytes of bodies recorded, after decoding.", labels=("run", "destination")
        )
        violations = CounterMetricFamily(
            "harness_violations", "Breaches that payloads show by themselves.", labels=("run", "rule")
        )
        for run, tally in self._tallies().items():
            for (destination, status), count in tally.deliveries.items():
                deliveries.add_metric((run, destination, status), count)
            for destination, size in tally.bytes.items():
                received.add_metric((run, destination), size)
            for rule, count in tally.violations.items():
                violations.add_metric((run, rule), count)
        yield from (deliveries, received, violations)

    def _tallies(self) -> dict[str, Tally]:
        """What each run recorded, and what all others did that have no name here."""
        runs = list(self._server.runs)
        named = {run.name: _few(run.tally()) for run in runs[:_NAMED_RUNS]}
        others = Tally()
        for run in runs[_NAMED_RUNS:]:
            others.add(run.tally())
        return {**named, OTHER: others, CLOSED: self._server.runs.closed}

    def _of_server(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        server = self._server
        runs = list(server.runs)
        in_flight = sum(server.in_flight.count(run.name) for run in runs)
        yield GaugeMetricFamily("harness_runs", "Runs that are open.", len(runs))
        yield GaugeMetricFamily("harness_in_flight", "Requests being received or answered.", in_flight)
        yield GaugeMetricFamily("harness_streams", "Streams of deliveries that are open.", self._streams())
        yield CounterMetricFamily("harness_refused", "Requests that could not be read as HTTP.", server.refusals.count)
        yield CounterMetricFamily("harness_lost", "Requests for runs that are not there.", server.runs.lost_count)


def _few(tally: Tally) -> Tally:
    """`tally` with no more destinations than are named; the rest share one name."""
    names = dict.fromkeys(name for name, _ in tally.deliveries)  # in the order of their coming, so that names stay
    if len(names) <= _NAMED_DESTINATIONS:
        return tally
    named = set(islice(names, _NAMED_DESTINATIONS))
    few = Tally()
    few.violations = tally.violations
    for (name, answer), count in tally.deliveries.items():
        few.deliveries[name if name in named else OTHER, answer] += count
    for name, size in tally.bytes.items():
        few.bytes[name if name in named else OTHER] += size
    return few
