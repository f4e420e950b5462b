"""From what `replies:` writes to a behaviour: a status or fault, a list of replies, or a mapping for all else.

The JSON Schema of scenarios has accepted the form of a mapping; what a schema cannot say is refused here, with its
place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.core.behaviours.answers import ANSWER_KEYS, answer
from harness.core.behaviours.behaviour import Always, Behaviour, Planned
from harness.core.behaviours.faults import CLOSE_EARLY, FAULTS, REPLIES
from harness.core.behaviours.items import PerItem
from harness.core.behaviours.layers import LAYERS
from harness.core.behaviours.places import NotReplies, Place
from harness.core.behaviours.redirect import Redirect
from harness.core.behaviours.sequence import Sequence
from harness.core.delivery import OK, Fault, Respond
from harness.core.spelling import near_miss

__all__ = ["NotReplies", "behaviour"]

STATUSES = range(200, 600)
_WRITE = "write a status from 200 to 599, a fault such as reset, a list of these, or a mapping"
_BASES: Mapping[str, tuple[str, ...]] = {
    "an answer": ANSWER_KEYS,
    "a fault": ("fault",),
    "a redirect": ("redirect",),
    "a sequence": ("sequence",),
    "results for items": ("items",),
}
"""What a mapping chooses one of, with the keys that write it."""
_COMPANIONS: Mapping[str, tuple[str, ...]] = {
    "per": ("sequence",),
    "then": ("sequence",),
    "items_as": ("items",),
}
"""Keys that say more about others, and mean nothing without one of them."""


def behaviour(written: Any) -> Behaviour:
    """The behaviour that `replies:` writes; NotReplies, a ValueError, says what is wrong, and where."""
    reader = _Reader()
    made = reader.replies(written, Place())
    return made if _is_plain(written) else Planned(written=written, of=made, closes_early=reader.closes_early)


def _is_plain(written: Any) -> bool:
    """Whether it can be written again out of what was made of it."""
    items = written if isinstance(written, list) else [written]
    return all(isinstance(item, int | str) and item != CLOSE_EARLY for item in items)


class _Reader:
    """Reads one `replies:`."""

    def __init__(self) -> None:
        self.closes_early = False

    def replies(self, written: Any, place: Place) -> Behaviour:
        """The behaviour that is written at `place`."""
        match written:
            case list():
                return self._sequence(written, place, {"per": "message"})
            case dict():
                return self._mapping(written, place)
            case bool():
                raise place.refuse(f"{written!r} is not a reply", _WRITE)
            case int() if written in STATUSES:
                return Always(reply=OK if written == OK.status else Respond(status=written))
            case str():
                return Always(reply=self._fault(written, place))
            case _:
                raise place.refuse(f"{written!r} is not a reply", _WRITE)

    def _fault(self, name: str, place: Place) -> Fault:
        if name not in REPLIES:
            raise place.refuse(f"{name!r} is not a reply{near_miss(name, FAULTS)}", _WRITE)
        if place.of_item:
            raise place.refuse("an item of a batch has no connection of its own", "write a status")
        if name == CLOSE_EARLY:
            if place.by_payload:
                message = "a connection that closes before the request is read cannot depend on what is in it"
                raise place.refuse(message, "write {sequence: […], per: arrival}, or another fault")
            self.closes_early = True
        return REPLIES[name]

    def _sequence(self, written: list[Any], place: Place, whole: Mapping[str, Any]) -> Behaviour:
        """The sequence that a list writes; `whole` is the mapping around it."""
        if not written:
            raise place.refuse("a sequence of replies needs at least one: write a status such as 200")
        per = whole.get("per", "message")
        below = place.below(*(("sequence",) if "sequence" in whole else ()), by_payload=per != "arrival")
        steps = [self.replies(item, below.below(index)) for index, item in enumerate(written)]
        if "then" in whole:
            steps.append(self.replies(whole["then"], place.below("then", by_payload=per != "arrival")))
        return Sequence(steps=tuple(steps), per=per, place=below.name)

    def _mapping(self, written: Mapping[str, Any], place: Place) -> Behaviour:
        if not written:
            raise place.refuse("a mapping of replies needs at least one key, such as status")
        _refuse_strays(written, place)
        # What is decided after something that looks at the body depends on the body.
        looking = any(layer.by_payload(written[name]) for name, layer in LAYERS.items() if name in written)
        inner = place.below(by_payload=looking)
        made = self._base(written, inner)
        for name, layer in LAYERS.items():
            if name in written:
                around = place if layer.before_payload else inner
                made = layer.read(written[name], made, around.below(name), self.replies)
        return made

    def _base(self, written: Mapping[str, Any], place: Place) -> Behaviour:
        """What is decided where none of the other keys decides."""
        if "fault" in written:
            return Always(reply=self._fault(written["fault"], place.below("fault")))
        if "redirect" in written:
            return Redirect(to=written["redirect"])
        if "sequence" in written:
            return self._sequence(written["sequence"], place, written)
        if "items" in written:
            each = self.replies(written["items"], place.below("items", of_item=True))
            return PerItem(each=each, form=written.get("items_as", 207))
        return answer(written, place)


def _refuse_strays(written: Mapping[str, Any], place: Place) -> None:
    """Refuse keys that exclude each other, and keys that mean nothing by themselves."""
    bases = [(what, key) for what, keys in _BASES.items() for key in keys if key in written]
    for what, key in bases:
        if what != bases[0][0]:
            message = f"`{key}` and `{bases[0][1]}` are two replies: {what}, and {bases[0][0]}"
            raise place.below(key).refuse(message, "leave one of them out")
    for key, needed in _COMPANIONS.items():
        if key in written and not any(name in written for name in needed):
            message = f"`{key}` says more about {' or '.join(f'`{name}`' for name in needed)}, which is not there"
            raise place.below(key).refuse(message, f"leave `{key}` out, or add what it is about")
