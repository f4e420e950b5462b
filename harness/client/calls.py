"""What to ask of the control API and how to read the answers; sending is left to the two clients."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from time import monotonic
from typing import Any, Final, Generic, TypeAlias, TypedDict, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct, field

from harness.client.errors import NotInTime, Unreachable
from harness.client.values import DeliveryPage, RunPage, delivery_page_of, run_page_of
from harness.core.delivery import Delivery

T = TypeVar("T")

V1: Final = "/_harness/v1"
READY: Final = "/_harness/readyz"
_PAGE: Final = 1000
_POLL_SECONDS: Final = 30.0
"""How long one request waits at most; longer waits are several."""
_PAUSE_SECONDS: Final = (0.02, 0.05, 0.1, 0.25)
"""Between attempts to reach a server that starts; the last repeats."""


class Filters(TypedDict, total=False):
    """Which deliveries are asked for; a keyword left out asks for all."""

    destination: str
    rule: str
    """Those that break this rule."""
    type: str
    """Those with a call of this type."""
    event: str
    user: str
    """Those about a user with this `userId`, `anonymousId` or email."""
    key: str
    """Those about this step key."""
    status: int
    accepted: bool
    unexpected: bool
    search: str
    """Those whose body has this text in it, in whatever case."""


class HistoryOf(TypedDict, total=False):
    """Which changes of lists are asked for; a keyword left out asks for all."""

    list: str
    """Those of the list with this key."""
    user: str
    """Those of a user with this `userId`, `anonymousId` or email."""


class Call(Struct, Generic[T], frozen=True, kw_only=True):
    """One request, and how to read what is answered."""

    method: str
    path: str
    """Below the server's URL, quoted, with its query."""
    read: Callable[[Any], T]
    json: Any = None
    seconds: float = 0.0
    """How much longer than usual the answer may take."""


class Pause(Struct, frozen=True, kw_only=True):
    """Nothing is asked for so many seconds."""

    seconds: float


Step: TypeAlias = Call[Any] | Pause
Steps: TypeAlias = Generator[Step, Any, T]
"""Several requests, of which the next depends on the last answer; an Unreachable is thrown in where nobody answers."""


def server_url(text: str) -> str:
    """The URL of a server without a slash at its end; ValueError where it is none."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{text[:200]!r} is not the URL of a server: write it like http://127.0.0.1:8085")
    return text.rstrip("/")


def with_token(headers: Mapping[str, str] | None, token: str | None) -> dict[str, str]:
    """`headers`, with the one that brings `token`, where there is one."""
    return {**(headers or {}), **({} if token is None else {"Authorization": f"Bearer {token}"})}


def nothing(document: Any) -> None:
    """What an answer without content says."""


def as_it_is(document: Any) -> Any:
    """The document itself."""
    return document


def member(name: str) -> Callable[[Any], Any]:
    """Reads one member of an answer."""
    return lambda document: document[name]


def below(run: str, *parts: str) -> str:
    """The path of a run, or of something in it."""
    return "/".join((f"{V1}/runs", *(quote(part, safe="") for part in (run, *parts))))


def with_query(path: str, **query: Any) -> str:
    """The path with those parameters that have a value."""
    written = {name: _written(value) for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(written)}" if written else path


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def seconds(value: float) -> str:
    """A number of seconds, as the API writes durations."""
    return f"{max(0.0, value) * 1000:.3f}".rstrip("0").rstrip(".") + "ms"


class _Gathered(Struct):
    """The deliveries of several pages, and the last of these."""

    deliveries: list[Delivery] = field(default_factory=list)
    page: DeliveryPage | None = None


def member_history(destination: str, asked: Mapping[str, Any]) -> Call[list[Mapping[str, Any]]]:
    """The changes of the lists of the destination at that path."""
    return Call(method="GET", path=with_query(f"{destination}/members/history", **asked), read=member("history"))


def all_runs() -> Steps[Any]:
    """The states of all runs, in the order of their names."""
    runs: list[Any] = []
    after: str | None = ""
    while after is not None:
        page: RunPage = yield Call(
            method="GET", path=with_query(f"{V1}/runs", after=after or None, limit=_PAGE), read=run_page_of
        )
        runs.extend(page.runs)
        after = page.next
    return runs


def all_deliveries(run: str, filters: Mapping[str, Any], after: int = 0) -> Steps[list[Delivery]]:
    """All deliveries that are asked for, page by page."""
    gathered = yield from _gather(run, filters, after)
    return gathered.deliveries


def _gather(run: str, filters: Mapping[str, Any], after: int, **waiting: Any) -> Steps[_Gathered]:
    gathered = _Gathered()
    next_page: int | None = after
    longer = _POLL_SECONDS if waiting else 0.0
    while next_page is not None:
        path = with_query(below(run, "deliveries"), **filters, after=next_page, limit=_PAGE, **waiting)
        page: DeliveryPage = yield Call(method="GET", path=path, read=delivery_page_of, seconds=longer)
        gathered.page = gathered.page or page
        gathered.deliveries.extend(page.deliveries)
        next_page, waiting, longer = page.next, {}, 0.0
    return gathered


def wait_for(
    run: str, filters: Mapping[str, Any], *, count: int, settled: float, after: int, within: float
) -> Steps[list[Delivery]]:
    """The deliveries that are asked for, once there are `count`, none is in flight and none came for `settled`."""
    deadline = monotonic() + within
    while True:
        left = deadline - monotonic()
        waiting = {"count": count, "settled": seconds(settled), "wait": seconds(min(max(left, 0.0), _POLL_SECONDS))}
        gathered = yield from _gather(run, filters, after, **waiting)
        assert gathered.page is not None  # noqa: S101  # there is always a first page
        if gathered.page.complete:
            return gathered.deliveries
        if monotonic() >= deadline:
            raise NotInTime(_what_came(gathered.page, count, settled, within))


def _what_came(page: DeliveryPage, count: int, settled: float, within: float) -> str:
    wanted = f"at least {count}" + (f", and nothing new for {settled:g} s" if settled else "")
    listed = ", ".join(f"{each.number} to {each.destination}" for each in page.deliveries[-5:]) or "none"
    return f"within {within:g} s came {page.total} of {wanted}; {page.in_flight} in flight; the last: {listed}"


def ready(within: float) -> Steps[None]:
    """Return once the server is ready; NotInTime where it does not become so."""
    deadline = monotonic() + within
    attempt = 0
    while True:
        try:
            yield Call(method="GET", path=READY, read=nothing)
        except Unreachable as error:
            pause = _PAUSE_SECONDS[min(attempt, len(_PAUSE_SECONDS) - 1)]
            if monotonic() + pause > deadline:
                raise NotInTime(f"not ready within {within:g} s: {error}") from None
            yield Pause(seconds=pause)
            attempt += 1
        else:
            return


def clock_move(now: str | None, advance: str | None) -> Mapping[str, str]:
    """The body that moves a clock; TypeError unless there is one of both."""
    if (now is None) == (advance is None):
        raise TypeError("give either `now`, an ISO 8601 time, or `advance`, a duration such as '1h'")
    return {"now": now} if now is not None else {"advance": str(advance)}


def filled(settings: Mapping[str, Any] | None, more: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a mapping and as keywords, together; TypeError where one is given twice."""
    twice: Sequence[str] = sorted((settings or {}).keys() & more.keys())
    if twice:
        raise TypeError(f"{twice[0]} is given twice; leave one out")
    return {**(settings or {}), **more}
