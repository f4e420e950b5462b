"""What is declared, looked up by what payloads say."""

from __future__ import annotations

import pytest

from harness.core.declarations import Declarations, DeclaredStep
from harness.core.instants import DAY
from harness.core.journeys import AdStep, Journey, SendStep, Step
from harness.core.profiles import Profile

KEY = "j_o_first_purchase__opened_email_dje83h"


def journey(*steps: Step, id: str = "first", name: str = "First purchase", exit_after: int | None = None) -> Journey:  # noqa: A002 - the field's name
    """A journey with these steps, or with *Opened email* alone."""
    return Journey(id=id, name=name, steps=steps or (step(),), exit_after=exit_after)


def step(name: str = "Opened email", key: str | None = None) -> SendStep:
    """A *Send to destinations* step."""
    return SendStep(name=name, to=("crm",), key=key)


def found(declarations: Declarations, key: str) -> str | None:
    """The declared step that `key` belongs to, as text."""
    declared = declarations.step_of(key)
    return None if declared is None else str(declared)


@pytest.mark.parametrize(
    "key", [KEY, "j_o_first_purchase__opened_email_abcde", "j_o_firstpurchase__open_ed_email_abcde"]
)
def test_a_key_belongs_to_the_step_whose_names_it_is_made_of(key: str) -> None:
    """Slugs are compared by letters and digits, and the suffix says nothing."""
    assert found(Declarations([journey()]), key) == "step 'Opened email' of 'First purchase'"


@pytest.mark.parametrize("key", ["", "Opened email", "j_o_other__opened_email_abcde", KEY + "x" * 300])
def test_other_keys_belong_to_no_step(key: str) -> None:
    """Without the grammar, or with other names, a key belongs to nothing that is declared."""
    assert found(Declarations([journey()]), key) is None
    assert found(Declarations(), key) is None


def test_a_declared_key_goes_before_names() -> None:
    """A step with `key:` owns that key, though another step has the names in it."""
    declarations = Declarations([journey(step(), step("Bought", key=KEY))])
    assert found(declarations, KEY) == "step 'Bought' of 'First purchase'"


def test_a_key_of_shared_names_belongs_to_no_one_step() -> None:
    """Where two steps have the same slugs, both may be meant, and neither is chosen."""
    declarations = Declarations([journey(), journey(id="copy", name="First Purchase!")])
    assert found(declarations, KEY) is None
    assert len(declarations.candidates(KEY)) == 2


def test_a_step_exits_with_its_journey_or_its_ad() -> None:
    """Users leave a step where the journey has an exit or the step is an ad that expires."""
    ad, lasting = AdStep(name="Ad", to=("ads",), remove_after=DAY), AdStep(name="Ad", to=("ads",))
    assert DeclaredStep(journey=journey(exit_after=DAY), step=step()).exits
    assert DeclaredStep(journey=journey(), step=ad).exits
    assert not DeclaredStep(journey=journey(), step=lasting).exits
    assert not DeclaredStep(journey=journey(), step=step()).exits


def test_the_form_of_a_key_is_shown_where_the_key_is_not_declared() -> None:
    """A step's key is shown as it is declared, or as it would be made."""
    assert DeclaredStep(journey=journey(), step=step(key=KEY)).key_form == KEY
    assert DeclaredStep(journey=journey(), step=step()).key_form == "j_o_first_purchase__opened_email_?????"


def test_a_key_that_fits_no_step_of_its_journey_is_a_stranger() -> None:
    """It should have been made of one of that journey's steps, even where others may send."""
    strangers = Declarations([journey()]).stranger("j_o_first_purchase__bought_abcde")
    assert [str(each) for each in strangers] == ["step 'Opened email' of 'First purchase'"]


@pytest.mark.parametrize("complete", [False, True])
def test_a_key_of_another_journey_is_a_stranger_where_nobody_else_sends(complete: bool) -> None:
    """Where other journeys may send, their keys are none of our business."""
    strangers = Declarations([journey()], complete=complete).stranger("j_o_winback__bought_abcde")
    assert bool(strangers) == complete


@pytest.mark.parametrize("key", [KEY, "j_o_x__y_abcde", "no key"])
def test_what_fits_or_is_no_key_is_no_stranger(key: str) -> None:
    """Declared keys and names fit; what has not the grammar is another rule's matter."""
    declarations = Declarations([journey(step(), step("Bought", key="j_o_x__y_abcde"))], complete=True)
    assert declarations.stranger(key) == []


def test_nothing_is_complete_without_journeys() -> None:
    """To declare no journey is not to declare that there are none."""
    assert not Declarations(complete=True).complete
    assert Declarations(complete=True).stranger(KEY) == []


def test_the_emails_of_a_profile_are_counted_by_each_of_its_ids() -> None:
    """A profile's emails are known by its userId and by its anonymousId; of others, nothing is known."""
    both = Profile(name="alex", user_id="u1", anonymous_id="a1", emails=("a", "b"))
    declarations = Declarations(profiles=[both, Profile(name="sam", user_id="u2")])
    assert declarations.emails == {"u1": 2, "a1": 2, "u2": 0}
