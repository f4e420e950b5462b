"""How tests ask a destination for its replies: through the whole of reception, at times of their choice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from msgspec.structs import replace

from harness.core.behaviours import behaviour
from harness.core.delivery import Delivery, Fault, Reply, Respond
from harness.core.destinations.destination import Destination
from harness.core.instants import Duration
from harness.core.reception import Past, receive, remember
from harness.core.rules.examples import track
from tests.core.receiving import NOON, arrival, checker

Short: TypeAlias = "int | str"
"""A status, or the name of a fault."""


class Playing:
    """A destination that answers by what was written as its `replies`; its clock stands until it is told to go on."""

    def __init__(self, written: Any, *, kind: str = "event") -> None:
        self.destination = Destination(name="crm", kind=kind, behaviour=behaviour(written))
        self.past = Past(set_up_at=NOON)
        self.now = NOON
        self.count = 0

    def delivery(self, body: Any, *, later: Duration = 0) -> Delivery:
        """The delivery of a JSON body, so much later than the last one."""
        self.now += later
        self.count += 1
        came = replace(arrival(json.dumps(body).encode()), received_at=self.now)
        delivery = receive(came, self.destination, self.past, checker(), run="default", number=self.count)
        remember(delivery, self.past)
        return delivery

    def reply(self, body: Any = None, *, later: Duration = 0) -> Reply:
        """The reply to it; without a body, to a call of one and the same user."""
        return self.delivery(call() if body is None else body, later=later).reply

    def answer(self, body: Any = None, *, later: Duration = 0) -> Respond:
        """The same, where it is an HTTP answer."""
        reply = self.reply(body, later=later)
        assert isinstance(reply, Respond)
        return reply

    def short(self, *bodies: Any) -> list[Short]:
        """The replies to several bodies, one after the other, in short."""
        return [short(self.reply(body)) for body in bodies]


def short(reply: Reply) -> Short:
    """A reply in short."""
    return reply.name if isinstance(reply, Fault) else reply.status


def call(message: str = "m1", **changes: Any) -> dict[str, Any]:
    """A right call, with that `messageId`."""
    return track(messageId=message, **changes)


def calls(*users: str) -> Sequence[dict[str, Any]]:
    """A right call for each user, one message each."""
    return [call(f"m-{user}", userId=user) for user in users]
