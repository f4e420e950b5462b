"""The short way for lines of a capture that tell of plainly right payloads: no value is made but what is kept.

It takes a line only where the long way (`records.py`, `judging.py`) would find the same delivery and nothing wrong with
its payloads, and leaves every other line to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn, TypeAlias

import orjson
from msgspec import Struct, field

from harness.core.calls import is_list_entry
from harness.core.captures.captured import Captured, Defaults, agent_header
from harness.core.captures.exported import Exported, read_export
from harness.core.captures.records import agent_of
from harness.core.checking import Checker
from harness.core.delivery import OK, Payload, RawHeaders, Reply, Respond
from harness.core.destinations.bodies import may_be_deep, text_may_be_deep
from harness.core.destinations.destination import Destination
from harness.core.destinations.lists import ADD
from harness.core.instants import Instant, parse_instant
from harness.core.judging import Histories
from harness.core.rules.following import likeness
from harness.core.rules.rule import Follow
from harness.core.schemas import Schema

_MOST = 10_000
"""Lanes that are kept; payloads of further keys go the long way."""
_KINDS = ("event", "list")
"""Kinds of destination whose payloads are told from a line here as they unpack them."""
_LARGE = 1_000_000

_CALL, _DOCUMENT = (None, None, None, "event"), (None, None, None, "list")
"""What a call, or a list sync document, on a line of its own says of destination, kind and run, and what kind it is."""

_REPLIES = {status: Respond(status=status) for status in range(100, 600)} | {OK.status: OK}

Sent: TypeAlias = tuple["Post", Any, Instant, Reply, RawHeaders]
"""Where something went, the call or the payloads that were sent, when it came, what was answered, and headers."""


class Lane(NamedTuple):
    """What becomes of payloads that are alike."""

    schema: Schema
    """What accepts those of them that are plainly right."""
    context: Payload | None
    """A `context` that is right in them; None where what equals it may not be."""
    besides: Callable[[Any], bool]
    """What accepts those that are plainly right, of those that have that `context`."""
    follows: tuple[Follow, ...]
    """What takes it into account."""


class Post(Struct, frozen=True, kw_only=True):
    """What came to one destination in one run."""

    lanes: dict[tuple[str, str, str, str | None], Lane] = field(default_factory=dict)
    """By likeness, without the destination."""

    def lanes_of(self, payloads: Sequence[Payload]) -> Sequence[Lane]:
        """The lane of each of `payloads`; empty where one of them is not plainly right, KeyError where it has none."""
        if type(payloads) is Added:
            lane = self.lanes["", payloads[0]["list"], "", None]
            return [lane] * len(payloads) if all(map(lane.schema.accepts, payloads)) else ()
        lanes = []
        for payload in payloads:
            like = likeness(payload, "-")
            lane = self.lanes[like[1:] if like else ("", "", "", "")]
            if not lane.schema.accepts(payload):
                return []
            lanes.append(lane)
        return lanes


class Added(list[Payload]):
    """The list entries of one list sync document, all for one list."""


class ShortWay:
    """Takes lines that tell of what was seen before."""

    def __init__(self, checker: Checker, defaults: Defaults) -> None:
        """Know of nothing yet."""
        self._checker = checker
        self._destination, self._kind = defaults.destination, defaults.kind
        self._posts: dict[tuple[str | None, str, str], Post] = {}
        """By destination, kind and run."""
        self._said: dict[tuple[Any, Any, Any, str], Post] = {}
        self._lanes = 0
        self._exports = False
        """Whether lines are probably such as the server exports."""
        self._small = checker.limits.least_bytes if checker.limits else _LARGE
        """Bytes of a line in which nothing can be too large."""
        self._most = checker.limits.batch_calls if checker.limits else _LARGE
        """Calls that may come at once."""

    def learn(self, captured: Captured, destination: Destination, history: Histories) -> None:
        """Take what is like the payloads of `captured`, which the long way has judged, as far as that was learnt."""
        self._exports = captured.exact
        if captured.unpacked.calls is None and captured.kind in _KINDS and self._lanes < _MOST:
            for payload in captured.unpacked.payloads:
                like = likeness(payload, destination.name)
                schema = self._checker.acceptor(payload, destination)
                follows = None if like is None else history.following(like)
                if like is not None and schema is not None and follows is not None:
                    place = (captured.destination, captured.kind, captured.run)
                    lanes = self._posts.setdefault(place, Post()).lanes
                    self._lanes += like[1:] not in lanes
                    lanes[like[1:]] = _lane(payload, schema, follows, lanes.get(like[1:]))

    def take(self, texts: Iterator[bytes], number: int) -> tuple[int, int]:
        """Take the next of the lines `texts`, as deliveries from `number` on; how many lines, and payloads in them.

        Where it stops before their end, the line that must go the long way is gone from `texts` too.
        """
        lines = payloads = 0
        for text in texts:
            taken = self._take(text, number + lines)
            if not taken:
                break
            lines += 1
            payloads += taken
        return lines, payloads

    def _take(self, text: bytes, number: int) -> int:
        """Take the line `text` as delivery `number`; how many payloads, none where it must go the long way."""
        if len(text) > self._small:
            return 0
        try:
            exported = read_export(text) if self._exports else None
            if exported is not None:
                return self._take_export(exported, number)
            record = orjson.loads(text)
            if "request" not in record and may_be_deep(text):
                return 0
            return self._take_sent(number, *self._told(record))
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError):
            return 0  # The long way knows better what is odd about it.

    def _take_export(self, exported: Exported, number: int) -> int:
        """Take what a line of an export tells of; an error where that is not plain."""
        written, answered, asked = exported.received_at, exported.reply, exported.request
        received_at = 0 if written is None else parse_instant(written)
        reply = OK if answered is None else _REPLIES[answered.status]
        headers = () if asked.headers is None else agent_header(asked.headers.user_agent)
        sent = _body(asked.body)
        kind = "event"
        if type(sent) is not dict or "type" not in sent:
            kind, sent = _listed(sent, may_be_entries=False)
        said = (exported.destination, exported.kind, exported.run, kind)
        post = self._said.get(said) or self._found(*said)
        return self._take_sent(number, post, sent, received_at, reply, headers)

    def _take_sent(
        self, number: int, post: Post, sent: Any, received_at: Instant, reply: Reply, headers: RawHeaders
    ) -> int:
        """Take a call, or the payloads of one delivery; how many, none where they are not plainly right."""
        if type(sent) is not dict:
            lanes = post.lanes_of(sent) if len(sent) <= self._most else ()
            for index, lane in enumerate(lanes):
                for follow in lane.follows:
                    follow(sent[index], number, index, received_at, reply, headers)
            return len(lanes)
        context = sent["context"]
        details = context["personas"]
        key, computation, space = details["computation_key"], details["computation_id"], details.get("space_id")
        lane = post.lanes[sent["type"], key, computation, space]
        accepts = lane.besides if context == lane.context else lane.schema.accepts
        if not accepts(sent):
            return 0
        sent.pop("sentAt", None)  # no part of its content, which would be copied without it
        for follow in lane.follows:
            follow(sent, number, 0, received_at, reply, headers)
        return 1

    def _told(self, record: dict[str, Any]) -> Sent:
        """What a line tells of; an error where that is not plain."""
        if "type" in record:
            post = self._said.get(_CALL) or self._found(*_CALL)
            return (post, record, 0, OK, ()) if "request" not in record else _odd()
        if "list" in record:
            return self._said.get(_DOCUMENT) or self._found(*_DOCUMENT), _added(record), 0, OK, ()
        if "deliveries" in record or "log" in record or "unexpected" in record:
            _odd()  # These make it more than one delivery, or one that nobody expected.
        told, is_request = record.get, "request" in record
        written, answered = told("received_at"), told("reply")
        received_at = 0 if written is None else parse_instant(written)
        reply = OK if answered is None else _reply(answered)
        if not is_request:
            sent = record["payload"] if "payload" in record else _only(record["payloads"])
        elif "destination" in record:
            sent = _body(record["request"]["body"])
        else:
            _odd()  # Without a destination, it may be an entry of a HAR.
        headers = agent_header(agent_of(record)) if is_request else ()
        if type(sent) is dict and "type" in sent:
            kind = "event"
        else:
            kind, sent = _listed(sent, may_be_entries=not is_request)
        said = (told("destination"), told("kind"), told("run"), kind)
        return self._said.get(said) or self._found(*said), sent, received_at, reply, headers

    def _found(self, destination: Any, kind: Any, run: Any, told: str) -> Post:
        """The post that these members of a record lead to; remembered, since most records say the same."""
        post = self._posts[
            self._destination if destination is None else destination,
            (self._kind or told) if kind is None else kind,
            "" if run is None else run,
        ]
        self._said[destination, kind, run, told] = post
        return post


def _lane(payload: Payload, schema: Schema, follows: tuple[Follow, ...], before: Lane | None) -> Lane:
    """The lane of what is like `payload`, which was found right."""
    besides = before.besides if before and before.schema is schema else schema.besides("context")
    context = payload.get("context") if schema.accepts(payload) else None
    return Lane(schema, context if _only_texts(context) else None, besides, follows)


def _only_texts(value: Any) -> bool:
    """Whether whatever equals `value` is the same JSON: `1`, `1.0` and `true` equal each other."""
    return type(value) is str or (type(value) is dict and all(map(_only_texts, value.values())))


def _odd() -> NoReturn:
    raise ValueError


def _reply(written: dict[str, Any]) -> Reply:
    """What was answered, where that is a mere status."""
    status = written["status"]
    return _REPLIES[status] if len(written) == 1 and type(status) is int else _odd()


def _body(text: str) -> Any:
    """The JSON in the body of a request, where it is not nested too deeply."""
    return _odd() if text_may_be_deep(text) else orjson.loads(text)


def _only(payloads: list[Any]) -> Any:
    """All payloads, or the only one."""
    return payloads[0] if len(payloads) == 1 else payloads


def _listed(sent: Any, *, may_be_entries: bool) -> tuple[str, list[Payload]]:
    """The calls or list entries in something that is no call, and the kind of destination that it is meant for."""
    if type(sent) is dict:
        return "list", [sent] if may_be_entries and is_list_entry(sent) else _added(sent)
    if "type" in sent[0]:
        return "event", sent
    return ("list", sent) if may_be_entries and all(map(is_list_entry, sent)) else _odd()


def _added(document: dict[str, Any]) -> Added:
    """The list entries in a list sync document that only adds users."""
    key, users = document["list"], document[ADD]
    if len(document) != 2 or not all(type(user) is dict for user in users):
        _odd()
    return Added([{"list": key, "action": ADD, "user": user} for user in users])
