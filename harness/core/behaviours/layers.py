"""The keys of a mapping that stand before its reply, innermost first: each decides, or leaves it to what is within."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from msgspec import Struct

from harness.core.behaviours.behaviour import Always, Behaviour
from harness.core.behaviours.chance import Chance
from harness.core.behaviours.conditions import At, Condition, FirstMatch, When
from harness.core.behaviours.latency import Delayed, Fixed, LogNormal, Spread, Uniform
from harness.core.behaviours.outage import Outage
from harness.core.behaviours.places import Place
from harness.core.behaviours.rate_limit import RateLimit
from harness.core.behaviours.rates import RATES
from harness.core.behaviours.rejecting import Reject
from harness.core.delivery import Respond
from harness.core.instants import MINUTE
from harness.core.jsonpaths import compiled
from harness.core.spelling import near_miss

ReadReplies: TypeAlias = Callable[[Any, Place], Behaviour]

_DOWN = Always(reply=Respond(status=503))
_TOO_MANY = Always(reply=Respond(status=429))


class Layer(Struct, frozen=True, kw_only=True):
    """One such key."""

    read: Callable[[Any, Behaviour, Place, ReadReplies], Behaviour]
    """What is written under it, around the behaviour within."""
    before_payload: bool = False
    """Whether its own reply is decided on before anything looks at what the body holds."""
    looks: Callable[[Any], bool] | None = None
    """Whether it looks at what the body holds, given what is written; None: never."""

    def by_payload(self, written: Any) -> bool:
        """Whether what it leaves to others depends on what the body holds."""
        return self.looks is not None and self.looks(written)


def _rules(written: Any, within: Behaviour, place: Place, replies: ReadReplies) -> Behaviour:
    rules = [
        When(
            condition=_condition(rule["when"], place.below(index, "when")),
            reply=replies(rule["reply"], place.below(index, "reply")),
        )
        for index, rule in enumerate(written)
    ]
    return FirstMatch(rules=tuple(rules), otherwise=within)


def _condition(written: Mapping[str, Any], place: Place) -> Condition:
    path = written.get("path")
    if path is None and "equals" in written:
        message = "`equals` says what stands at `path`, which is not there"
        raise place.below("equals").refuse(message, "add `path`, such as $.properties.plan")
    if path is not None:
        place.below("path").read(lambda: compiled(path))
    equals = _several(written["equals"]) if "equals" in written else None
    names = ("user", "call", "event", "key", "attempt")
    return Condition(
        at=None if path is None else At(path=path, equals=equals),
        **{name: _several(written[name]) for name in names if name in written},
    )


def _several(written: Any) -> tuple[Any, ...]:
    return tuple(written) if isinstance(written, list) else (written,)


def _chance(written: Any, within: Behaviour, place: Place, replies: ReadReplies) -> Behaviour:
    per = written.get("per", "message")
    return Chance(
        share=written["share"],
        seed=written.get("seed", 0),
        per=per,
        reply=_reply(written, place.below("reply", by_payload=per != "arrival"), replies, _DOWN),
        otherwise=within,
        place=place.name,
    )


def _reply(written: Mapping[str, Any], place: Place, replies: ReadReplies, default: Behaviour) -> Behaviour:
    """What `reply` writes at `place`, or the default."""
    return replies(written["reply"], place) if "reply" in written else default


def _reject(written: Any, within: Behaviour, place: Place, replies: ReadReplies) -> Behaviour:
    return Reject(status=written, otherwise=within)


def _rate_limit(written: Any, within: Behaviour, place: Place, replies: ReadReplies) -> Behaviour:
    requests, per = _rate(written, place)
    return RateLimit(
        requests=requests,
        per=per,
        burst=written.get("burst", requests),
        reply=_reply(written, place.below("reply"), replies, _TOO_MANY),
        otherwise=within,
        place=place.name,
    )


def _rate(written: Mapping[str, Any], place: Place) -> tuple[int, int]:
    """How many requests in how long."""
    preset = written.get("preset")
    if preset is None:
        if not {"requests", "per"} <= written.keys():
            raise place.refuse("a rate limit needs a rate", "write `requests` and `per`, or a `preset`")
        return written["requests"], _some_time(written["per"], place.below("per"))
    if {"requests", "per"} & written.keys():
        raise place.below("preset").refuse("a preset brings its own rate", "leave `requests` and `per` out")
    if preset not in RATES:
        raise place.below("preset").refuse(f"unknown preset {preset!r}{near_miss(preset, RATES)}")
    return RATES[preset].requests, RATES[preset].per


def _some_time(written: str, place: Place) -> int:
    duration = place.duration(written)
    if not duration:
        raise place.refuse("this has to be some time", "write more than 0, such as 1s")
    return duration


def _outage(written: Any, within: Behaviour, place: Place, replies: ReadReplies) -> Behaviour:
    begin = place.below("from").duration(written.get("from", "0s"))
    end = place.below("until").duration(written["until"]) if "until" in written else None
    every = _some_time(written["every"], place.below("every")) if "every" in written else None
    if end is not None and end <= begin:
        raise place.below("until").refuse("the outage ends before it begins", "make `until` more than `from`")
    if every is not None and (end is None or end > every):
        raise place.below("every").refuse("the outage comes again before it ends", "make `every` more than `until`")
    reply = _reply(written, place.below("reply"), replies, _DOWN)
    return Outage(begin=begin, end=end, every=every, reply=reply, otherwise=within)


def _latency(written: Any, within: Behaviour, place: Place, replies: ReadReplies) -> Behaviour:
    seed = written.get("seed", 0) if isinstance(written, dict) else 0
    return Delayed(spread=_spread(written, place), seed=seed, of=within, place=place.name)


def _spread(written: Any, place: Place) -> Spread:
    if isinstance(written, str):
        return Fixed(duration=place.duration(written))
    if ("uniform" in written) == ("lognormal" in written):
        raise place.refuse("a latency has one distribution", "write `uniform` or `lognormal`, or a duration alone")
    if "uniform" in written:
        at, bounds = place.below("uniform"), written["uniform"]
        least, most = at.below("from").duration(bounds["from"]), at.below("to").duration(bounds["to"])
        if most < least:
            raise at.below("to").refuse("the longest latency is less than the least", "make `to` more than `from`")
        return Uniform(least=least, most=most)
    at, shape = place.below("lognormal"), written["lognormal"]
    most = at.below("at_most").duration(shape["at_most"]) if "at_most" in shape else MINUTE
    return LogNormal(median=at.below("median").duration(shape["median"]), sigma=shape["sigma"], most=most)


def _always(written: Any) -> bool:
    return True


LAYERS: Mapping[str, Layer] = MappingProxyType(
    {
        "rules": Layer(read=_rules, looks=_always),
        "chance": Layer(read=_chance, looks=lambda written: written.get("per", "message") != "arrival"),
        "reject": Layer(read=_reject, looks=_always),
        "rate_limit": Layer(read=_rate_limit, before_payload=True),
        "outage": Layer(read=_outage, before_payload=True),
        "latency": Layer(read=_latency, before_payload=True),
    }
)
"""By the key; the outermost, which is asked first, is the last."""
