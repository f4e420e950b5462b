"""Reads server-sent events, and knows where a stream is to go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from harness.client.calls import below, with_query
from harness.core.delivery import Delivery
from harness.core.record_reading import delivery_of

SILENT_SECONDS: Final = 60.0
"""A stream that says nothing for so long, not even that it is there, is taken for broken."""
ATTEMPTS: Final = 5
"""How often in a row a broken stream is opened again, without anything coming, before that is given up."""
PAUSE_SECONDS: Final = 0.1


class Following:
    """What one reader of a stream knows: which event came last, and whether there will be more."""

    def __init__(self, run: str, filters: Mapping[str, Any], after: int) -> None:
        """Follow a run behind the number `after`."""
        self.path = with_query(below(run, "deliveries", "stream"), **filters, after=after or None)
        self.over = False
        self.failures = 0
        """How often in a row it broke off."""
        self._last_id: str | None = None
        self._fields: dict[str, str] = {}

    @property
    def headers(self) -> dict[str, str]:
        """What is to be sent to go on where it broke off."""
        return {} if self._last_id is None else {"Last-Event-ID": self._last_id}

    def opened(self) -> None:
        """Forget half an event of a connection that broke."""
        self._fields = {}

    def feed(self, line: bytes) -> Delivery | None:
        """Take one line in; the delivery, where it ends one."""
        text = line.decode().rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        self.failures = 0
        self._last_id = fields.get("id", self._last_id)
        self.over = self.over or fields.get("event") == "end"
        return delivery_of(orjson.loads(fields["data"])) if fields.get("event") == "delivery" else None
