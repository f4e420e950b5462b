"""Generated sources: what carries calls to several destinations, and what the others see of them."""

from __future__ import annotations

from msgspec.structs import replace

from harness.core.instants import MINUTE
from harness.engage.overview import FILTERED_BY_INTEGRATIONS_OBJECT
from harness.engage.pipeline import Request
from harness.engage.sources import integration_name
from tests.engage.spaces import ALEX, STEP, bodies, body, event, journey, list_, play, space_of, warehouse


def routes(requests: list[Request]) -> dict[str, dict[str, object]]:
    """The `integrations` of the call that each destination got."""
    return {request.destination: body(request)["integrations"] for request in requests}


def test_one_event_serves_all_named_destinations_of_its_source() -> None:
    """Two destinations of two types share a source, and so get the very same message."""
    space = space_of(event("braze"), event("crm"), event("mail"))
    space.publish(journey("braze", "crm"))
    space.enter("winback", STEP, ALEX)
    first, second = play(space, MINUTE)
    assert (first.destination, second.destination) == ("braze", "crm")
    assert first.body == second.body
    assert body(first)["integrations"] == {"All": False, "Braze": True, "Crm": True, "Warehouses": {"all": False}}


def test_a_destination_that_is_not_named_filters_the_event() -> None:
    """The other destinations of the source count the event as filtered, and nothing goes over the wire to them."""
    space = space_of(event("crm"), event("mail"))
    space.publish(journey("crm"))
    space.enter("winback", STEP, ALEX)
    assert [request.destination for request in play(space, MINUTE)] == ["crm"]
    mail = space.overview("mail")
    assert (mail.received, mail.filtered, mail.pending) == (1, {FILTERED_BY_INTEGRATIONS_OBJECT: 1}, 0)


def test_a_second_destination_of_a_type_has_a_source_of_its_own() -> None:
    """A source holds one instance of each type, so a second one is told by another event, of another source."""
    space = space_of(event("one", integration="Webhooks"), event("two", integration="Webhooks"))
    space.publish(journey("one", "two"))
    space.enter("winback", STEP, ALEX)
    calls = bodies(play(space, MINUTE))
    assert len({call["messageId"] for call in calls}) == 2
    assert [call["integrations"]["Webhooks"] for call in calls] == [True, True]
    assert space.overview("one").filtered == {}


def test_only_destinations_that_take_the_call_type_are_named() -> None:
    """A track call names those of the step's destinations that take track calls, and filters at the others."""
    space = space_of(event("crm", "identify"), event("braze", "track"))
    space.publish(journey("crm", "braze"))
    space.enter("winback", STEP, ALEX)
    routed = routes(play(space, MINUTE))
    assert routed == {
        "braze": {"All": False, "Braze": True, "Warehouses": {"all": False}},
        "crm": {"All": False, "Crm": True, "Warehouses": {"all": False}},
    }
    assert sum(space.overview("crm").filtered.values()) == 1


def test_no_event_is_generated_that_nobody_takes() -> None:
    """A source whose destinations are not in the step generates nothing, so nothing is filtered either."""
    space = space_of(event("crm"), list_("ads"))
    space.publish(journey("ads"))
    space.enter("winback", STEP, ALEX)
    play(space, MINUTE)
    assert space.overview("crm").received == 0


def test_connecting_again_takes_note_of_changes() -> None:
    """A destination that is connected again is the same one, as it is now."""
    crm = event("crm")
    space = space_of(crm, crm, replace(crm, calls=("identify",), integration="HubSpot"))
    space.publish(journey("crm"))
    space.enter("winback", STEP, ALEX)
    (call,) = bodies(play(space, MINUTE))
    assert (call["type"], call["integrations"]["HubSpot"]) == ("identify", True)
    assert "Crm" not in call["integrations"]


def test_a_destination_that_becomes_a_list_gets_no_calls() -> None:
    """A destination has one kind at a time."""
    space = space_of(event("crm"), list_("crm"))
    space.publish(journey("crm"))
    space.enter("winback", STEP, ALEX)
    (document,) = bodies(play(space, 2 * MINUTE))
    assert "list" in document


def test_the_integration_is_named_after_the_destination_unless_declared() -> None:
    """`my-crm_2` is routed to as `My Crm 2`; a declared name is kept letter by letter."""
    assert integration_name(event("my-crm_2")) == "My Crm 2"
    assert integration_name(event("crm", integration="hubSpot")) == "hubSpot"


def test_each_warehouse_has_a_source_of_its_own() -> None:
    """A call to a warehouse lets warehouses through; one to other destinations keeps itself from them."""
    space = space_of(warehouse("one"), warehouse("two"), event("crm"))
    space.publish(journey("one", "crm"))
    space.enter("winback", STEP, ALEX)
    calls = {(request.destination, body(request)["type"]): body(request) for request in play(space, MINUTE)}
    assert set(calls) == {("one", "track"), ("one", "identify"), ("crm", "track")}
    assert calls["one", "track"]["integrations"] == {"All": False, "Crm": True, "Warehouses": {"all": True}}
    assert calls["one", "identify"]["integrations"] == {"All": False, "Warehouses": {"all": True}}
    assert space.overview("two").received == 0
