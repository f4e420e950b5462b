"""Profiles, destinations and journeys as a scenario sets them up."""

from __future__ import annotations

from harness.core.behaviours import Always, Sequence
from harness.core.delivery import Fault, Respond
from harness.core.journeys import Entry
from harness.core.profiles import Profile
from tests.core.scenario.writing import read, sample

HEAD = "version: 1\nscenario: S\ndo: []\n"


def people_of(profiles: str) -> list[Profile]:
    """All people in a scenario with these profiles (YAML)."""
    (scenario,) = read(f"{HEAD}destinations: {{}}\nprofiles: {profiles}")
    return scenario.people


def test_a_crowd_is_the_same_for_the_same_seed() -> None:
    """Two readings of a crowd give the same people, and another seed gives others."""
    first, again, other = (people_of(f"{{crowd: {{faker: {{count: 3, seed: {seed}}}}}}}") for seed in (7, 7, 8))
    assert first == again
    assert [profile.traits for profile in first] != [profile.traits for profile in other]


def test_nobody_in_a_crowd_merges_with_anybody() -> None:
    """Ids and emails carry the crowd's name and a number, also where Faker gives two people one name."""
    people = people_of("{a: {faker: {count: 30}}, b: {faker: {count: 30}}}")
    assert len({identifier for profile in people for identifier in profile.identifiers}) == 120


def test_numbers_for_ids_are_text() -> None:
    """A `userId` that looks like a number is sent as the text that it is everywhere else."""
    (profile,) = people_of("{a: {userId: 7}}")
    assert profile.user_id == "7"


def test_words_that_yaml_once_took_for_booleans_are_text() -> None:
    """`on`, `NO` and `12:30` are what they look like."""
    (profile,) = people_of("{a: {userId: on, traits: {c: NO, t: 12:30}}}")
    assert profile.user_id == "on"
    assert profile.traits == {"c": "NO", "t": "12:30"}


def test_replies_are_one_for_all_or_a_sequence() -> None:
    """A status answers everything, a list answers the attempts of each message in turn, and `reset` cuts."""
    written = "{a: {kind: event, replies: 503}, b: {kind: list, replies: [reset, 200]}}"
    (scenario,) = read(f"{HEAD}destinations: {written}")
    assert scenario.destinations["a"].behaviour == Always(reply=Respond(status=503))
    steps = (Always(reply=Fault(name="reset")), Always())
    assert scenario.destinations["b"].behaviour == Sequence(steps=steps, place="")


def test_an_entry_condition_is_read_whole() -> None:
    """Event, what it must hold, and traits all stand in the journey."""
    journey = sample(
        "  big:\n    name: Big\n"
        "    entry: {event: Order Completed, where: {properties.size: large}, traits: {vip: true}}\n"
        "    steps: [send_to_destinations: {name: S, to: [crm]}]\ndo: []"
    ).journeys["big"]
    assert journey.entry == Entry(event="Order Completed", where={"properties.size": "large"}, traits={"vip": True})


def test_the_declarations_of_a_scenario_are_complete() -> None:
    """Nothing else sends in its run, so a key of no declared step is wrong."""
    declared = sample().declarations()
    assert declared.complete
    assert declared.emails["u2"] == 2
