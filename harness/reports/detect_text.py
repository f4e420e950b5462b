"""What `harness contracts detect` prints for people: which family a capture follows, and why it is no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.core.captures.families import Detection, Fit, Part
from harness.core.captures.strands import Breaking
from harness.reports.payload_lines import cut

_SHOWN_NAMES = 3
_SHOWN_BREACHES = 3
"""Of each contract that does not fit; fewer where there are several parts."""
_WIDTH = 90


def detect_text(detection: Detection) -> str:
    """The finding first, then each part with what it fits and why it fits nothing else."""
    shown = _SHOWN_BREACHES if len(detection.parts) == 1 else 1
    blocks = ["\n".join(_head(detection)), *("\n".join(_part(part, shown)) for part in detection.parts)]
    return "\n\n".join(blocks)


def _head(detection: Detection) -> Iterator[str]:
    judged = f"{_payloads(detection.payloads)} in {_several(detection.deliveries, 'delivery', 'deliveries')}"
    misfits = sum(part.fit.misfits for part in detection.parts)
    lacking = f", of which {_do_not_fit(misfits)}" if misfits else ""
    if len(detection.parts) > 1:
        yield f"traffic of {len(detection.parts)} families: {judged}{lacking or ', each of which fits its own'}"
    elif misfits:
        yield f"no family fits all: {judged}{lacking} the nearest, {detection.parts[0].fit.contract}"
    else:
        yield f"{detection.parts[0].fit.contract} fits: {judged}"
    if detection.neutral:
        yield f"  {_several(detection.neutral, 'delete call')} told nothing, being right in every family"
    if detection.first_unread is not None:
        place = f"{detection.first_unread.file}:{detection.first_unread.line}"
        unread = _several(detection.unread, "delivery", "deliveries")
        yield f"  {unread} could not be read, first at {place}: `harness check` says why"


def _part(part: Part, shown: int) -> Iterator[str]:
    yield f"{part.fit.contract}: {_payloads(part.payloads)}{_whereabouts(part)}"
    if part.fit.misfits:
        yield f"  of which {_do_not_fit(part.fit.misfits)}{_of_these(part.fit)}"
        yield from _breaking(part.fit.breaking, _SHOWN_BREACHES)
    equals = [fit.contract for fit in part.others if fit.misfits == 0]
    if equals and not part.fit.misfits:
        yield f"  {_listed(equals)} would fit as well"
    for fit in part.others:
        if fit.misfits:
            yield f"  not {fit.contract}: {_do_not_fit(fit.misfits, f' of {part.payloads}')}{_of_these(fit)}"
            yield from _breaking(fit.breaking, shown)


def _whereabouts(part: Part) -> str:
    to = f" to {_listed(part.destinations)}" if part.destinations else ""
    keys = f", by the {'key' if len(part.keys) == 1 else 'keys'} {_listed(part.keys)}" if part.keys else ", by no key"
    return to + keys


def _of_these(fit: Fit) -> str:
    return "" if fit.looked_into == fit.misfits else f"; {fit.looked_into} of these were looked into"


def _breaking(breaking: Sequence[Breaking], shown: int) -> Iterator[str]:
    for each in breaking[:shown]:
        yield f"    {each.count} x {each.rule}: {each.message}"
        told = f"expected {cut(each.expected, _WIDTH)}, found {cut(each.actual, _WIDTH)}"
        yield f"        {told} at {each.place.file}:{each.place.line}"
    if len(breaking) > shown > 1:
        yield f"    and {_several(len(breaking) - shown, 'other breach', 'other breaches')}; --json lists all"


def _do_not_fit(count: int, of: str = "") -> str:
    return f"{count}{of} does not fit" if count == 1 else f"{count}{of} do not fit"


def _listed(names: Sequence[str]) -> str:
    shown = [cut(name, _WIDTH) for name in names[:_SHOWN_NAMES]]
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def _payloads(count: int) -> str:
    return _several(count, "payload")


def _several(count: int, noun: str, plural: str = "") -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {plural or f'{noun}s'}"
