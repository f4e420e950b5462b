"""The short way through a capture finds what the long way finds."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.adapters.contract_files import load_contract
from harness.core.captures.captured import Defaults
from harness.core.captures.judging import CaptureJudge
from harness.core.declarations import Declarations
from harness.core.rules.examples import JOURNEYS, KEY, event, listed, personas, track
from harness.core.rules.key_histories import OTHER_SPACE
from tests.core.captures_made_up import BENT, EXPORTS, LINES, SILENT, captured_of, long_way, nested, read, usual
from tests.core.rules.reading import checker_of

EXITING = {"first_purchase": {**JOURNEYS["first_purchase"], "exit": {"after": "7d"}}}


@cache
def declared(exits: bool) -> Declarations:
    """Journeys with an exit, or none at all."""
    return checker_of({"journeys": EXITING, "deliveries": []}).declarations if exits else Declarations()


def judge_of(contract: str = "engage-journeys", *, exits: bool = False, defaults: Defaults = SILENT) -> CaptureJudge:
    """A judge that has seen nothing."""
    return CaptureJudge(load_contract(contract), declared(exits), defaults)


def experienced(**how: Any) -> CaptureJudge:
    """A judge that knows what is usual."""
    judge = judge_of(**how)
    read(judge, usual(), how.get("defaults", SILENT))
    return judge


def told(record: Mapping[str, Any]) -> bytes:
    """A line."""
    return json.dumps(record).encode() + b"\n"


@settings(deadline=None, max_examples=60)
@given(
    contract=st.sampled_from(["engage-journeys", "personas-journeys"]),
    exits=st.booleans(),
    defaults=st.sampled_from([SILENT, Defaults(destination="mail", kind="event"), Defaults(kind="list")]),
    lines=st.lists(LINES, max_size=6),
)
def test_the_verdict_is_that_of_the_long_way(
    contract: str, exits: bool, defaults: Defaults, lines: list[bytes]
) -> None:
    """Whatever a capture tells after what is usual, its verdict is the same as if each line were looked at in full."""
    quick = experienced(contract=contract, exits=exits, defaults=defaults)
    read(quick, lines, defaults, len(usual()) + 1)
    slow = judge_of(contract, exits=exits, defaults=defaults)
    assert quick.verdict() == long_way(slow, usual() + lines, defaults)


USUAL = [
    track(userId="new", messageId="new"),
    {"list": KEY, "add": [{"userId": "new"}, {"userId": "newer"}]},
    event(track(userId="new", messageId="new"), received_at="2026-01-05T09:00:00Z", reply={"status": 202}),
    event(track(userId="new", messageId="new"), reply={"status": 503}),
    {"destination": "crm", "payloads": [track(userId="new", messageId="new"), track(userId="n", messageId="n")]},
    {"destination": "crm", "request": {"body": json.dumps([track(userId="new"), track(userId="newer")])}},
    {"destination": "crm", "payload": listed("add", {"userId": "new"})["payload"]},
    {"destination": "crm", "request": {"body": json.dumps(track())}, "x": nested(250), "received_at": None},
    {"destination": "crm", "request": {"body": json.dumps(track())}, "payloads": [1, {"é": "\\"}], "violations": []},
]


@pytest.mark.parametrize("record", USUAL)
def test_what_is_usual_takes_the_short_way(record: dict[str, Any]) -> None:
    """A line that tells of plainly right payloads like earlier ones is taken, in each of its forms."""
    assert experienced().take(iter([told(record)] * 2), "file", 1) == 2


UNUSUAL = [
    track(userId=""),
    track(event="Audience Exited"),
    {"list": KEY, "remove": [{"userId": "u"}]},
    {"list": KEY, "add": []},
    event(track(), reply={"status": 200.0}),
    event(track(), reply={"status": 429, "headers": {"Retry-After": "5"}}),
    event(track(), reply={"status": 99}),
    event(track(), unexpected=True),
    event(track(), deliveries=[]),
    {"destination": "crm", "request": {"url": "http://h/", "body": json.dumps(track())}, "log": {"entries": []}},
    {"request": {"url": "http://h/", "body": json.dumps(track())}},
    {"destination": "crm", "payload": track(properties={KEY: "true", "deep": nested(245)})},
    {"destination": "crm", "request": {"body": json.dumps(track(traits=nested(245)))}},
    event(track(context={"personas": personas(space_id=OTHER_SPACE, namespace=OTHER_SPACE)})),
    {"destination": "crm", "request": None, "payload": track(traits=nested(245))},
]


@pytest.mark.parametrize("record", UNUSUAL)
def test_what_is_odd_takes_the_long_way(record: dict[str, Any]) -> None:
    """A line that may be wrong, or be something else, is left alone, and nothing of it is counted."""
    judge = experienced()
    before = judge.verdict()
    assert not judge.take(iter([told(record)]), "file", 1)
    assert judge.verdict() == before


OWN_CONTRACT = """\
name: sure
title: Sure
default_version: "1"
versions:
  "1":
    extends: engage-journeys
    sources: [ours]
    schemas: {track: track.json}
"""


def test_what_merely_equals_something_right_is_looked_at(tmp_path: Path) -> None:
    """A `context` that equals a right one is right only where it is the same JSON: `1` is not `true`."""
    sure = {"type": "object", "properties": {"context": {"type": "object", "properties": {"sure": {"const": True}}}}}
    (tmp_path / "contract.yaml").write_text(OWN_CONTRACT)
    (tmp_path / "track.json").write_text(json.dumps(sure))
    judge = judge_of(str(tmp_path / "contract.yaml"))
    context = track()["context"]
    read(judge, [told(track(userId=f"u{n}", messageId=f"m{n}", context={**context, "sure": True})) for n in range(40)])
    assert judge.verdict().word == "passed"
    read(judge, [told(track(userId="new", messageId="new", context={**context, "sure": 1}))], first=41)
    assert [each.violation.path for each in judge.verdict().violations] == ["$.context.sure"]


@settings(deadline=None, max_examples=100)
@given(lines=st.lists(EXPORTS | BENT, min_size=1, max_size=3))
def test_what_is_stepped_over_changes_no_verdict(lines: list[bytes]) -> None:
    """Of lines that the server exports, right ones and bent ones, the short way finds what the long way finds."""
    quick = experienced()
    read(quick, lines, first=len(usual()) + 1)
    assert quick.verdict() == long_way(judge_of(), usual() + lines)


def test_a_number_that_nobody_can_read_harms_only_those_who_need_it() -> None:
    """A delivery is judged by its body, whatever is wrong with a number in the copy beside it."""
    body = json.dumps(track(userId="new", messageId="new"))
    line = told({"destination": "crm", "request": {"body": body}, "payloads": 5}).replace(b": 5}", b": 1e999}")
    assert long_way(judge_of(), [line]).word == "passed"


def test_what_is_kept_does_not_grow_with_lines() -> None:
    """Attempts at messages that were seen before leave nothing behind."""
    judge, lines = experienced(), usual()
    for _ in range(2):
        read(judge, lines)
    tracemalloc.start()
    try:
        for _ in range(20):
            read(judge, lines)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 20 * 2 * len(lines)  # Two bytes a line: nothing that is kept is so small.


@settings(deadline=None)
@given(
    lines=st.lists(LINES, max_size=8),
    cuts=st.sets(st.integers(1, 8)),
    data=st.data(),
    shown=st.sampled_from([None, 0, 1, 3]),
    exits=st.booleans(),
)
def test_parts_that_several_judge_are_one_verdict(
    lines: list[bytes], cuts: set[int], data: st.DataObject, shown: int | None, exits: bool
) -> None:
    """However a capture is cut into parts, and whoever judges them, the merged verdict is that of one judge."""
    contract, journeys = load_contract("engage-journeys"), declared(exits)
    judges = [CaptureJudge(contract, journeys, shown=shown) for _ in range(3)]
    number = 0
    for line, text in enumerate(lines, 1):
        if line == 1 or line in cuts:
            judge = data.draw(st.sampled_from(judges))
        judge.leap(number)
        read(judge, [text], first=line)
        number += len(captured_of(text))
    first, *others = data.draw(st.permutations(judges))
    for other in others:
        first.merge(other.state())
    whole = long_way(CaptureJudge(contract, journeys, shown=shown), lines)
    merged = first.verdict()
    assert merged == whole
    assert list(merged.counts.items()) == list(whole.counts.items())
