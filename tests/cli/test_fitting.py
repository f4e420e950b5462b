"""Which contract `harness check` names as one that fits a capture better."""

from __future__ import annotations

from harness.core.rules.examples import KEY, event, listed, track
from tests.cli.running import Command


def test_traffic_of_the_wire_is_known_by_its_booleans(harness: Command) -> None:
    """Where all that is wrong is the type of the value, the family of the wire is named."""
    capture = harness.write("a.ndjson", [event(track(properties={KEY: True}))])
    assert "note: this looks like engage-journeys-wire@2025" in harness("check", capture).err


def test_who_left_does_not_make_it_another_family(harness: Command) -> None:
    """A family that forgives every exit is not named: the breach is what the capture is judged for."""
    capture = harness.write(
        "a.ndjson", [event(track()), listed("add", {"userId": "u1"}), listed("remove", {"userId": "u1"})]
    )
    done = harness("check", capture)
    assert done.code == 1
    assert "note:" not in done.err
    assert harness("check", capture, "--contract", "personas-journeys").code == 0
