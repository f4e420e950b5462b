"""The lists of a run's list destinations, as they are at a time."""

from __future__ import annotations

from collections.abc import Iterator

from harness.adapters.server.runs import Run
from harness.core.instants import Instant
from harness.core.lists.view import ListView
from harness.core.members import Change, history


def list_views(run: Run) -> dict[str, ListView]:
    """What decides who is on the lists, for each list destination that is set up in `run`."""
    return {name: list_view(run, name) for name, each in run.destinations.items() if each.kind == "list"}


def list_view(run: Run, name: str) -> ListView:
    """The same for one destination."""
    destination, past = run.destinations[name], run.pasts[name]
    return ListView(
        sync=destination.sync,
        minimum_size=destination.minimum_size,
        set_up_at=past.set_up_at,
        now=run.clock.now(),
        begun=past.members.begun,
    )


def changes_of(run: Run, name: str, last: int | None = None) -> Iterator[Change]:
    """The changes of the lists of a destination, by what the ledger holds, up to the delivery numbered `last`."""
    return history(
        delivery
        for delivery in run.ledger.members_of_lists()
        if delivery.destination == name and (last is None or delivery.number <= last)
    )


def members_then(run: Run, name: str, at: Instant | None, *, in_effect: bool) -> dict[str, list[Change]]:
    """Who is on each list, or was `at` that time, as told or as in effect."""
    view, members = list_view(run, name), run.pasts[name].members
    if at is not None:
        found = view.members_at(changes_of(run, name), at, in_effect=in_effect)
        return {key: list(standing.values()) for key, standing in found.items()}
    return view.in_effect_now(members, changes_of(run, name)) if in_effect else dict(members.added())
