"""Traffic made up by Hypothesis: right payloads, bent in one or two places, in any order."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from harness.core.rules.examples import KEY, SPACE_ID, identify, track
from harness.core.rules.key_histories import OTHER_ID, OTHER_KEY

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
"""Any JSON."""

TELLING: st.SearchStrategy[Any] = st.sampled_from(
    [
        "true",
        "false",
        True,
        False,
        "Audience Entered",
        "Audience Exited",
        "track",
        "identify",
        "delete",
        "page",
        "",
        "u1",
        "u2",
        "a@example.com",
        KEY,
        OTHER_KEY,
        OTHER_ID,
        SPACE_ID,
        None,
        0,
        [],
        {},
        {"All": False},
        {"name": "snippet"},
        {"name": "analytics.js"},
    ]
)
"""Values that mean something in one place or another."""

PLACES: list[tuple[str, ...]] = [
    ("type",),
    ("event",),
    ("userId",),
    ("anonymousId",),
    ("messageId",),
    ("properties",),
    ("traits",),
    ("properties", KEY),
    ("traits", KEY),
    ("properties", "audience_key"),
    ("properties", "email"),
    ("context",),
    ("context", "library"),
    ("context", "personas"),
    ("context", "personas", "computation_key"),
    ("context", "personas", "computation_id"),
    ("context", "personas", "namespace"),
    ("context", "personas", "space_id"),
    ("integrations",),
    ("integrations", "All"),
    ("timestamp",),
    ("list",),
    ("action",),
    ("user",),
    ("odd key",),
]


def bent(call: dict[str, Any], place: tuple[str, ...], value: Any) -> dict[str, Any]:
    """`call` with `value` at `place`, as far as there is such a place."""
    name, *inner = place
    if not inner:
        return {**call, name: value}
    holder = call.get(name, {})
    return {**call, name: bent(holder, tuple(inner), value)} if isinstance(holder, dict) else call


@st.composite
def calls(draw: st.DrawFn, values: st.SearchStrategy[Any] = TELLING) -> dict[str, Any]:
    """A right call, bent in up to two places."""
    call: dict[str, Any] = draw(st.sampled_from([track(), identify(), track(type="delete")]))
    for _ in range(draw(st.integers(0, 2))):
        call = bent(call, draw(st.sampled_from(PLACES)), draw(values))
    return call


USERS = st.fixed_dictionaries(
    {}, optional={"userId": st.sampled_from(["u1", "u2", ""]), "email": st.sampled_from(["a@example.com", 5])}
)
DOCUMENTS = st.fixed_dictionaries(
    {"list": st.sampled_from([KEY, OTHER_KEY, "x", 5])},
    optional={"add": st.lists(USERS, max_size=3), "remove": st.lists(USERS, max_size=2), "odd": JSON},
)
"""List sync documents, some of them wrong."""

BODIES = calls() | calls(JSON) | DOCUMENTS | st.lists(calls() | DOCUMENTS, max_size=3) | JSON
"""What a body may hold."""

TIMES = st.sampled_from([f"2026-11-{day:02}T{hour:02}:00:00Z" for day in (1, 2, 9) for hour in (1, 12, 20)])
"""Times that lie hours, a day or a week apart."""


@st.composite
def timed_calls(draw: st.DrawFn) -> dict[str, Any]:
    """An entry or an exit that states when it happened, under one of few ids."""
    name, value = draw(st.sampled_from([("Audience Entered", "true"), ("Audience Exited", "false")]))
    said = {"event": name, "properties": {KEY: value}, "messageId": draw(st.sampled_from(["m1", "m2"]))}
    return draw(st.sampled_from([track(**said), track(**said, timestamp=draw(TIMES))]))


RECORDS = st.builds(
    lambda name, kind, payload, status, received_at: {
        "destination": name + kind,
        "kind": kind,
        "payload": payload,
        "reply": {"status": status},
        **({} if received_at is None else {"received_at": received_at}),
    },
    st.sampled_from(["a-", "b-"]),
    st.sampled_from(["event", "list"]),
    calls() | timed_calls() | DOCUMENTS,
    st.sampled_from([200, 503]),
    st.none() | TIMES,
)
"""Records of deliveries, as cases about rules have them."""
