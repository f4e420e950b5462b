"""Destinations of the fixtures play any behaviour that scenarios can write."""

from __future__ import annotations

from tests.plugin.conftest import Play


def test_destinations_play_any_behaviour(play: Play) -> None:
    """What a scenario can write, a fixture can; what is wrong is told at the place in the mapping."""
    play("""
import pytest
def test_it(destinations):
    crm = destinations.event("crm", replies={"rules": [{"when": {"user": "u1"}, "reply": 202}], "reject": 422})
    assert post(crm.url, track()) == 202
    keyed = destinations.list("keyed", replies=(503, 200), auth={"bearer": "t"}, signature={"secret": "s"})
    assert keyed.deliveries == []
    with pytest.raises(ValueError, match="sequence.1.: .rest. is not a reply; did you mean .reset."):
        destinations.event("crm", replies={"sequence": [200, "rest"]})
""").assert_outcomes(passed=1)
