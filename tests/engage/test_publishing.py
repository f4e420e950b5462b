"""Keys of published journeys, and what cannot be published."""

from __future__ import annotations

import pytest

from harness.core.journeys import SendStep
from harness.core.systems import Address
from harness.engage.errors import SpaceError
from tests.engage.spaces import ALEX, STEP, event, journey, space_of, stepped


def test_two_journeys_with_the_same_step_name_have_different_keys() -> None:
    """A step name may be used again in another journey, even one with the same name."""
    space = space_of(event("crm"))
    keys = [space.publish(journey("crm", id=id_))[STEP] for id_ in ("one", "two")]
    assert keys[0] != keys[1]
    assert keys[0][:-5] == keys[1][:-5]


def test_a_new_version_keeps_its_keys() -> None:
    """Publishing a journey again leaves the keys of its steps as they were."""
    space = space_of(event("crm"))
    assert space.publish(journey("crm")) == space.publish(journey("crm"))


def test_a_stated_key_is_used_as_it_is() -> None:
    """A step's own `key:` goes before a generated one."""
    space = space_of(event("crm"))
    stated = "j_o_first_purchase__opened_email_dje83h"
    assert space.publish(stepped(SendStep(name="Opened email", to=("crm",), key=stated))) == {"Opened email": stated}


def test_one_stated_key_for_two_steps_is_refused() -> None:
    """Two steps cannot share a key; the error names both."""
    space = space_of(event("crm"))
    twice = stepped(SendStep(name="A", to=("crm",), key="k"), SendStep(name="B", to=("crm",), key="k"))
    with pytest.raises(SpaceError, match=r"step 'B': key 'k' is already that of step 'A'"):
        space.publish(twice)


def test_two_steps_of_one_name_are_refused() -> None:
    """Steps of a journey need different names."""
    space = space_of(event("crm"))
    with pytest.raises(SpaceError, match="two steps named 'A'"):
        space.publish(stepped(SendStep(name="A", to=("crm",)), SendStep(name="A", to=("crm",))))


def test_an_unconnected_destination_is_refused_with_the_nearest_one() -> None:
    """A step that names an unknown destination does not start, and the error guesses which was meant."""
    space = space_of(event("braze"))
    with pytest.raises(SpaceError, match=r"step 'New subscribed users': destination 'brace' .* did you mean 'braze'\?"):
        space.publish(journey("brace"))


def test_a_kind_that_a_space_does_not_send_to_is_refused() -> None:
    """Connecting a destination of an unknown kind says which kinds there are."""
    with pytest.raises(SpaceError, match="kind 'queue' is unknown; known: event, list"):
        space_of(Address(name="q", kind="queue", url="http://q.test"))


@pytest.mark.parametrize(
    ("wanted", "step", "message"),
    [
        ("winbak", STEP, r"journey 'winbak' is unknown; did you mean 'winback'\?"),
        ("winback", "New users", r"step 'New users' is unknown; did you mean 'New subscribed users'\?"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(wanted: str, step: str, message: str) -> None:
    """Entering what was never published is an error with a near miss."""
    space = space_of(event("crm"))
    space.publish(journey("crm"))
    with pytest.raises(SpaceError, match=message):
        space.enter(wanted, step, ALEX)


def test_an_unknown_profile_or_destination_is_refused() -> None:
    """Asking about strangers is an error that names whom the space knows."""
    space = space_of(event("crm"))
    space.know(ALEX)
    with pytest.raises(SpaceError, match=r"profile 'alexa' is unknown; did you mean 'alex'\?"):
        space.profile_traits("alexa")
    with pytest.raises(SpaceError, match=r"destination 'cmr' is unknown; did you mean 'crm'\?"):
        space.overview("cmr")


def test_a_fault_of_versions_shows_in_the_second() -> None:
    """Keys that change between versions are right in the first one, and other ones from the second on."""
    right, wrong = space_of(event("crm")), space_of(event("crm"), fault="key-changes-per-version")
    assert wrong.publish(journey("crm")) == right.publish(journey("crm"))
    second = wrong.publish(journey("crm"))
    assert second != right.publish(journey("crm"))
    assert wrong.publish(journey("crm")) == second
