"""`harness contracts detect`: which family a capture follows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.rules.examples import KEY, event, identify, listed, personas, track
from tests.cli.running import Command, Outcome

GOLDENS = Path(__file__).parents[1] / "goldens" / "detect"
ORDER: dict[str, Any] = {"type": "track", "event": "Order Completed", "userId": "u1", "properties": {"total": 5}}
ENTRIES = [event(track()), event(track(userId="u2", messageId="m2")), listed("add", {"userId": "u1"})]
STARTED = {
    "destination": "sms",
    "kind": "event",
    "payload": {
        **track(event="Cart left", properties={"journey_context": {}, "journey_metadata": {"journey_id": "a"}}),
        "context": {"personas": {"computation_class": "journey_step", "computation_key": "cart__sms_8943l"}},
    },
}
MEMBER = track(
    properties={"audience_key": "vip", "vip": True},
    context={"personas": {**track()["context"]["personas"], "computation_key": "vip"}},
)
CAPTURES: dict[str, list[Any]] = {
    "one-family": ENTRIES,
    "one-wrong": [*ENTRIES, event(track(event="Audience Entred", userId="u3", messageId="m3"))],
    "several-families": [
        *ENTRIES,
        *({**event(ORDER), "destination": "site"} for _ in range(4)),
        event(MEMBER),
        event({"type": "delete", "userId": "u1"}),
    ],
    "a-part-wrong": [*ENTRIES, STARTED],
}
CODES = {"one-family": 0, "one-wrong": 1, "several-families": 0, "a-part-wrong": 1}


@pytest.mark.parametrize("name", CAPTURES)
def test_what_is_found_is_said_in_words(harness: Command, name: str) -> None:
    """The text on standard output is that of the golden file, and the code says whether all payloads fit."""
    done = harness("contracts", "detect", harness.write("a.ndjson", CAPTURES[name]))
    assert (done.code, done.err) == (CODES[name], "")
    assert done.out == (GOLDENS / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("name", CAPTURES)
def test_what_is_found_is_said_to_machines(harness: Command, name: str) -> None:
    """The JSON object on standard output is that of the golden file."""
    done = harness("contracts", "detect", "--json", harness.write("a.ndjson", CAPTURES[name]))
    assert (done.code, done.err) == (CODES[name], "")
    assert done.json == json.loads((GOLDENS / f"{name}.json").read_text("utf-8"))


def detected(done: Outcome) -> tuple[int, str | None, int]:
    """Code, contract and number of payloads that were found."""
    return done.code, done.json["contract"], done.json["payloads"]


def test_every_form_of_a_capture_is_read(harness: Command) -> None:
    """Gzip, standard input, one JSON array, HAR, and several files at once are captures here as for a check."""
    lines = "".join(json.dumps(each) + "\n" for each in ENTRIES).encode()
    har_entry = {
        "request": {"method": "POST", "url": "http://x/crm", "postData": {"text": json.dumps(track())}},
        "response": {"status": 200},
    }
    packed = harness.write("a.gz", gzip.compress(lines))
    array = harness.write("a.json", json.dumps(ENTRIES, indent=1))
    har = harness.write("a.har", json.dumps({"log": {"entries": [har_entry]}}, indent=1))
    wanted = (0, "engage-journeys@2024", 3)
    assert detected(harness("contracts", "detect", "--json", packed)) == wanted
    assert detected(harness("contracts", "detect", "--json", "-", stdin=lines)) == wanted
    assert detected(harness("contracts", "detect", "--json", array)) == wanted
    assert detected(harness("contracts", "detect", "--json", har)) == (0, "engage-journeys@2024", 1)
    assert detected(harness("contracts", "detect", "--json", packed, array, har)) == (0, "engage-journeys@2024", 7)


def test_a_contract_of_ones_own_goes_before_the_others(harness: Command) -> None:
    """What fits a user's contract as well as a shipped one is said to follow the user's."""
    version = {"sources": ["ours"], "extends": "engage-journeys@2024"}
    ours = {"name": "ours", "title": "Ours", "default_version": "1", "versions": {"1": version}}
    contract = harness.write("ours.yaml", json.dumps(ours))
    capture = harness.write("a.ndjson", ENTRIES)
    assert detected(harness("contracts", "detect", "--json", capture, "--contract", contract)) == (0, "ours@1", 3)


def test_declared_journeys_change_what_fits(harness: Command) -> None:
    """An exit is right in the default family where the journey declares one."""
    steps = [{"send_to_destinations": {"name": "Opened email", "to": ["crm"]}}]
    journeys = {"journeys": {"j": {"name": "First purchase", "exit": {"after": "7d"}, "steps": steps}}}
    left = event(track(event="Audience Exited", properties={KEY: "false"}))
    capture = harness.write("a.ndjson", [event(track()), left])
    declared = harness.write("journeys.yaml", json.dumps(journeys))
    assert detected(harness("contracts", "detect", "--json", capture))[1] == "personas-journeys@2021"
    told = harness("contracts", "detect", "--json", capture, "--journeys", declared)
    assert detected(told) == (0, "engage-journeys@2024", 2)


def test_kind_and_destination_fill_in_what_a_record_lacks(harness: Command) -> None:
    """Bare calls are taken as sent to a destination of that kind and name."""
    capture = harness.write("a.ndjson", [track()])
    (part,) = harness("contracts", "detect", "--json", capture, "--kind", "list", "--destination", "ads").json["parts"]
    assert (part["destinations"], part["contract"]) == (["ads"], "engage-journeys@2024")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no payload in it tells which family it is of; "),
        (b'{"type": "delete", "userId": "u1"}\n', "no payload in it tells which family it is of; "),
        (b'{"verdict": "passed"}\n', "a.ndjson: this is no capture: nothing in it has a known form; "),
    ],
    ids=["empty", "only a delete", "something else"],
)
def test_where_nothing_can_be_told_the_code_is_that_of_wrong_usage(
    harness: Command, content: bytes, message: str
) -> None:
    """Nothing that tells of a family is no family."""
    done = harness("contracts", "detect", harness.write("a.ndjson", content))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {message}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["b.ndjson"], "b.ndjson: there is no such file; did you mean 'a.ndjson'?"),
        (["a.ndjson", "--contract", "engage-journys"], "unknown contract 'engage-journys'; did you mean 'engage-j"),
    ],
)
def test_wrong_names_are_told(harness: Command, arguments: list[str], message: str) -> None:
    """A file or contract that is not there is told with the nearest name."""
    harness.write("a.ndjson", ENTRIES)
    done = harness("contracts", "detect", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {message}")


def test_what_went_to_a_source_tells_nothing(harness: Command) -> None:
    """No contract judges what an application reports, so that none fits it."""
    record = {"destination": "shop", "kind": "source", "payload": {"batch": [{"type": "track", "event": "Order"}]}}
    done = harness("contracts", "detect", harness.write("a.ndjson", [record]))
    assert (done.code, done.out) == (2, "")
    assert "no payload in it tells which family it is of" in done.err


def test_a_key_that_is_a_mere_word_leaves_the_words_alone(harness: Command) -> None:
    """Keys are left out of what speaks against a contract, but no other words are."""
    named = {**personas(), "computation_key": "a"}
    record = event(identify(traits={"call": "x"}, context={"personas": named}))
    assert "KEY" not in harness("contracts", "detect", harness.write("a.ndjson", [record])).out
