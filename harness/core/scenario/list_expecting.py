"""Judges what is expected of lists as such: whether they are targetable, and what happened to their members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.core.instants import format_duration, isoformat
from harness.core.ledger import users_of
from harness.core.members import Change, identifiers
from harness.core.profiles import Profile
from harness.core.scenario.evidence import Evidence, written
from harness.core.scenario.expectation_words import listed
from harness.core.scenario.model import MembersAre
from harness.core.scenario.nearest import sighted_at
from harness.core.verdict import Nearest, Unmet


def unmet_lists(expectation: MembersAre, evidence: Evidence) -> Iterator[Unmet]:
    """What of the expected sizes and histories the lists do not meet."""
    if expectation.targetable is not None:
        yield from _unmet_size(expectation, evidence, targetable=expectation.targetable)
    if expectation.history:
        yield from _unmet_history(expectation, evidence)


def which(expectation: MembersAre) -> str:
    """Which list is meant, and when."""
    when = "" if expectation.at is None else f", {format_duration(expectation.at)} after the set-up"
    return f"{_list(expectation)}{', in effect' if expectation.in_effect else ''}{when}"


def _list(expectation: MembersAre) -> str:
    if expectation.on is None:
        return f"the lists of {expectation.of}"
    name = f"the list of {expectation.of} for step {written(expectation.on[0][1])}"
    return f"{name} and not on that for {written(expectation.not_on[0][1])}" if expectation.not_on else name


class Late(NamedTuple):
    """A profile was added, and is not on the list at the time that is meant: that is before its adding counts."""

    words: str
    change: Change


def late(profile: Profile, expectation: MembersAre, evidence: Evidence) -> Late | None:
    """Why a profile that was added is not on the list at the time that is meant, where time is the reason."""
    if expectation.at is None and not expectation.in_effect:
        return None
    view = evidence.view(expectation.of)
    then = view.now if expectation.at is None else view.set_up_at + expectation.at
    changes = evidence.changes(expectation.of, expectation.on)
    added = next((change for change in changes if change.action == "add" and _is(profile, change)), None)
    if added is None:
        return None
    when = f"added at {isoformat(added.at)}"
    if added.at > then:
        return Late(f"{when}, later than that", added)
    begun = next(change.at for change in changes if change.list == added.list)
    effect = view.in_effect_at(added, {added.list: begun})
    if expectation.in_effect and effect > then:
        return Late(f"{when}, in effect from {isoformat(effect)} on", added)
    return None


def _unmet_size(expectation: MembersAre, evidence: Evidence, *, targetable: bool) -> Iterator[Unmet]:
    view = evidence.view(expectation.of)
    lists = evidence.lists_at(expectation.of, expectation.on, expectation.at, in_effect=True)
    sizes = {key: len(standing) for key, standing in lists.items()}
    wrong = [f"{key} has {size}" for key, size in sizes.items() if view.targets(size) is not targetable]
    if wrong or (targetable and not sizes):
        word, bound = ("targetable", "at least") if targetable else ("not targetable", "fewer than")
        yield Unmet(
            mark=expectation.mark,
            expectation="members",
            expected=f"{which(expectation)}, {word}: {bound} {max(1, view.minimum_size)} in effect",
            actual=listed(wrong) if wrong else "there is no list",
        )


def _unmet_history(expectation: MembersAre, evidence: Evidence) -> Iterator[Unmet]:
    changes = evidence.changes(expectation.of, expectation.on)
    if expectation.at is not None:
        until = evidence.view(expectation.of).set_up_at + expectation.at
        changes = [change for change in changes if change.at <= until]
    for profile, actions in expectation.history:
        own = _by_member([change for change in changes if _is(profile, change)])
        wrong = [each for each in own if tuple(change.action for change in each) != actions]
        if wrong or (actions and not own):
            yield Unmet(
                mark=expectation.mark,
                expectation="members",
                expected=f"{profile.name}: {listed(actions) if actions else 'never'} on {which(expectation)}",
                actual="; ".join(_told(each) for each in wrong) or "never on it",
                nearest=_last(wrong, evidence),
            )


def _is(profile: Profile, change: Change) -> bool:
    return not profile.identifiers.isdisjoint(users_of({"user": change.user}))


def _by_member(changes: Sequence[Change]) -> list[list[Change]]:
    """The changes of each member: on a list, an email of a user is one."""
    found: dict[tuple[str, bytes], list[Change]] = {}
    for change in changes:
        found.setdefault((change.list, identifiers(change.user)), []).append(change)
    return list(found.values())


def _told(changes: Sequence[Change]) -> str:
    return listed([f"{change.action} (delivery {change.delivery}, {isoformat(change.at)})" for change in changes])


def _last(wrong: Sequence[Sequence[Change]], evidence: Evidence) -> Nearest | None:
    """The delivery of the last change of the first member whose history is another."""
    if not wrong:
        return None
    last = wrong[0][-1]
    return sighted_at(evidence, last.delivery, last.payload, f"the last of these: its action is {written(last.action)}")
