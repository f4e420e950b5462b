"""What came, as a list that assertion diffs can show, and the line of the test that asks."""

from __future__ import annotations

import linecache
import os
import traceback
from pathlib import Path
from typing import Any

import harness
from harness.core.calls import is_list_entry
from harness.core.delivery import Delivery, Fault, Payload
from harness.core.documents import Mark
from harness.core.ledger import users_of

_OURS = str(Path(harness.__file__).parent) + os.sep
_SHOWN = 20


class Deliveries(list[Delivery]):
    """A list of deliveries that shows each in one line."""

    def __repr__(self) -> str:
        """Number, destination, payloads and answer of each; of many, the first."""
        more = [f"… {len(self) - _SHOWN} more"] if len(self) > _SHOWN else []
        return f"[{', '.join([*map(delivery_line, self[:_SHOWN]), *more])}]"


def delivery_line(delivery: Delivery) -> str:
    """A delivery in one line."""
    held = " + ".join(map(_payload, delivery.payloads[:3])) or "no payload"
    more = f" + {len(delivery.payloads) - 3} more" if len(delivery.payloads) > 3 else ""
    reply = delivery.reply
    answer = reply.name if isinstance(reply, Fault) else reply.status
    rules = ", ".join(dict.fromkeys(violation.rule for violation in delivery.violations))
    broken = f", breaks {rules}" if rules else ""
    return f"<{delivery.number} to {delivery.destination[:100]}: {held}{more} -> {answer}{broken}>"


def _payload(payload: Payload) -> str:
    what: Any = payload.get("action") if is_list_entry(payload) else payload.get("event") or payload.get("type")
    users = sorted(users_of(payload))
    return f"{str(what)[:60]!r} of {users[0][:60]}" if users else f"{str(what)[:60]!r}"


def counted(deliveries: int) -> str:
    """So many deliveries, in words."""
    return f"{deliveries} deliver{'y' if deliveries == 1 else 'ies'}"


def callers_mark(otherwise: Mark, folder: Path) -> Mark:
    """The line outside the harness that called into it, its file as seen from `folder`; to be asked on failure only."""
    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.startswith(_OURS):
            line = linecache.getline(frame.filename, frame.lineno or 0)
            column = len(line) - len(line.lstrip()) + 1
            return Mark(file=seen_from(folder, frame.filename), line=frame.lineno or 0, column=column)
    return otherwise


def seen_from(folder: Path, file: str) -> str:
    """A file's path, shortened where it lies below `folder`."""
    return file.removeprefix(f"{folder}/")
