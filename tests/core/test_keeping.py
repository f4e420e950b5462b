"""What a ledger may keep, what it lost, and how that is written and told."""

from __future__ import annotations

import re

import pytest

from harness.core.attempts import RecentAttempts
from harness.core.delivery import Delivery
from harness.core.instants import DAY, HOUR
from harness.core.keeping import Bounds, Cause, Committing, Loss, Losses
from harness.core.ledger import find
from harness.core.ledger_urls import InMemory, InSqlite, LedgerPlace, parse_ledger_url
from tests.core.receiving import received


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("memory:", InMemory()),
        ("memory:?max=3", InMemory(bounds=Bounds(max=3))),
        ("memory:?max_bytes=2MB&max_age=7d", InMemory(bounds=Bounds(max_bytes=2_000_000, max_age=7 * DAY))),
        ("sqlite:a.db", InSqlite(path="a.db")),
        ("sqlite:/var/a%3F.db", InSqlite(path="/var/a?.db")),
        (
            "sqlite:a.db?max_bytes=1GiB&synchronous=full",
            InSqlite(path="a.db", bounds=Bounds(max_bytes=2**30), synchronous="full"),
        ),
    ],
)
def test_a_ledger_url_names_a_place(url: str, place: LedgerPlace) -> None:
    """Scheme, path and options are read as they are documented."""
    assert parse_ledger_url(url) == place


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("sqlit:a.db", "did you mean 'sqlite'?"),
        ("memory", "write memory:, memory:?max=N or sqlite:PATH"),
        ("memory:a", "a ledger in memory has no path"),
        ("sqlite:", "names no file"),
        ("memory:?mx=1", "unknown ledger option 'mx'; did you mean 'max'?"),
        ("memory:?synchronous=full", "known: max, max_age, max_bytes"),
        ("memory:?max=1&max=2", "max is given twice"),
        ("memory:?max=0", "max: '0' is no number of deliveries"),
        ("memory:?max=", "max: '' is no number of deliveries"),
        ("memory:?max=²", "max: '²' is no number of deliveries"),
        ("memory:?max_bytes=5parsecs", "max_bytes: '5parsecs' is no size"),
        ("memory:?max_age=7", "max_age: '7' is not a duration"),
        ("memory:?max_age=0s", "keeps nothing"),
        ("sqlite:a?synchronous=off", "neither normal nor full"),
    ],
)
def test_a_wrong_ledger_url_says_what_is_wrong(url: str, wrong: str) -> None:
    """The message names the option, and what to write instead."""
    with pytest.raises(ValueError, match=re.escape(wrong)):
        parse_ledger_url(url)


@pytest.mark.parametrize(
    ("bounds", "kept", "cause"),
    [
        (Bounds(), 9, None),
        (Bounds(max=2), 2, None),
        (Bounds(max=2), 3, "max"),
        (Bounds(max_bytes=99), 3, "max_bytes"),
        (Bounds(max_bytes=100), 3, None),
        (Bounds(max_age=HOUR), 3, None),
        (Bounds(max_age=HOUR - 1), 3, "max_age"),
        (Bounds(max=1, max_bytes=1, max_age=1), 1, None),
    ],
)
def test_the_oldest_goes_where_a_bound_is_passed(bounds: Bounds, kept: int, cause: Cause | None) -> None:
    """A bound is what may be kept, and the last delivery always is."""
    assert bounds.excess(kept=kept, size=100, oldest=DAY, now=DAY + HOUR) == cause


def test_losses_are_summed_up_by_cause() -> None:
    """What a bound drops is one loss, however much it is; what else is lost is another."""
    losses = Losses([Loss(cause="max", count=2, first=1, last=2, why="max=5")])
    losses.add("max", 3, "max=5")
    losses.add("failed", 9, "the disk is full")
    assert losses.all() == (
        Loss(cause="max", count=3, first=1, last=3, why="max=5"),
        Loss(cause="failed", count=1, first=9, last=9, why="the disk is full"),
    )


def test_losses_of_many_reasons_stay_few() -> None:
    """Reasons without number do not fill the memory."""
    losses = Losses()
    for number in range(1, 101):
        losses.add("failed", number, f"reason {number}")
    assert (len(losses.all()), sum(loss.count for loss in losses.all())) == (20, 100)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (Loss(cause="max", count=3, first=1, last=3, why="max=5"), "dropped: 3 deliveries (numbers 1 to 3), since"),
        (
            Loss(cause="failed", count=1, first=9, last=9, why="full"),
            "not kept: 1 delivery (number 9) were answered 503",
        ),
    ],
)
def test_a_loss_is_told_in_words(loss: Loss, words: str) -> None:
    """How many, which, and why."""
    assert loss.words().startswith(words)


@pytest.mark.parametrize("numbers", [[1, 2, 3, 4], [7, 8, 9], [2, 3, 7, 8, 20], [5], []])
def test_a_delivery_is_found_by_its_number(numbers: list[int]) -> None:
    """Whatever is missing before and between, the one that is asked for is found, and no other."""
    kept = [received(b"{}", number=number) for number in numbers]
    for number in range(22):
        found = find(kept, number)
        assert (found and found.number) == (number if number in numbers else None)


def test_recent_attempts_forget_only_what_is_old() -> None:
    """The latest messages are remembered, however many came, and never more than twice as many."""
    attempts = RecentAttempts(3)
    for message in range(100):
        attempts[message] = attempts.get(message, 0) + 1
        assert [attempts.get(each, 0) for each in range(max(0, message - 2), message + 1)] == [1] * min(3, message + 1)
        assert len(attempts) <= 6
    assert attempts.get(0, 0) == 0


def test_a_message_that_comes_again_and_again_is_not_forgotten() -> None:
    """Each attempt makes a message one of the latest."""
    attempts = RecentAttempts(2)
    for other in range(50):
        attempts["often"] = attempts.get("often", 0) + 1
        attempts[other] = 1
    assert attempts.get("often", 0) == 50


def test_a_commit_is_told_to_who_asks_before_and_after() -> None:
    """Whoever waits is told once; whoever comes later, at once."""
    heard: list[str | None] = []
    delivery: Delivery = received(b"{}")
    committing = Committing(delivery)
    committing.then(lambda done: heard.append(done.failure))
    committing.settle("full")
    committing.then(lambda done: heard.append(done.failure))
    assert heard == ["full", "full"]
