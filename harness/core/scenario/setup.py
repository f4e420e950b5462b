"""Profiles, destinations and journeys, read from documents that their schema has accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from harness.core.behaviours import Always, NotReplies, behaviour
from harness.core.calls import CALL_TYPES
from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.destinations.destination import SOURCE, Destination
from harness.core.destinations.webhooks import WEBHOOK
from harness.core.documents import At, Document, DocumentError, DocumentErrors, validate
from harness.core.instants import Duration, parse_duration
from harness.core.journeys import AdStep, Entry, Journey, SendStep, Step
from harness.core.keys import parse_key
from harness.core.profiles import Profile
from harness.core.retry_profiles import profile_at
from harness.core.scenario.demands import auth_of, check_demands, signing_of
from harness.core.scenario.list_setup import parse_list
from harness.core.scenario.warehouse_setup import parse_warehouse, refuse_shared_tables
from harness.core.schemas import Schema
from harness.core.spelling import near_miss

_CALLESS = {"list": "members", WEBHOOK: "bodies", SOURCE: "whatever its client sends"}
"""The kinds of destination that take no calls, and what they take instead."""

_STEPLESS = {WEBHOOK: "bodies in a form of its own", SOURCE: "what client libraries send"}
"""The kinds of destination that no step of a journey sends to, and what they take."""

MakeCrowd: TypeAlias = Callable[[str, int, int, str | None], Sequence[Profile]]
"""Makes people up: the crowd's name, how many, a seed, a locale."""


def parse_destinations(document: Document, at: At = ("destinations",)) -> dict[str, Destination]:
    """The destinations at `at`, by name."""
    destinations = {name: _destination(document, (*at, name), name) for name in _mapping(document, at)}
    refuse_shared_tables(document, at, destinations)
    return destinations


def _destination(document: Document, at: At, name: str) -> Destination:
    written = _value(document, at)
    try:
        chosen = behaviour(written["replies"]) if "replies" in written else Always()
    except NotReplies as error:
        raise document.at_value((*at, "replies", *error.at), str(error), error.remedy) from error
    warehouse = parse_warehouse(document, at, name)
    if written["kind"] in _CALLESS and "calls" in written:
        message = f"a {written['kind']} destination takes {_CALLESS[written['kind']]}, not calls"
        raise document.at_key((*at, "calls"), message, "leave `calls` out")
    if written["kind"] != WEBHOOK and "body" in written:
        message = "only a webhook takes bodies in a form of their own"
        raise document.at_key((*at, "body"), message, f"write `kind: {WEBHOOK}`, or leave `body` out")
    if warehouse is None and "url" in written and "replies" in written:
        raise document.at_key((*at, "replies"), "`url` answers for itself", "leave one of `url` and `replies` out")
    check_demands(document, at, written)
    return Destination(
        name=name,
        url=None if warehouse else written.get("url"),
        warehouse=warehouse,
        kind=written["kind"],
        calls=tuple(written.get("calls", CALL_TYPES if warehouse else ("track",))),
        body=written.get("body"),
        integration=written.get("integration"),
        behaviour=chosen,
        auth=auth_of(written.get("auth")),
        signature=signing_of(written.get("signature")),
        retries=profile_at(document, (*at, "retries"), written["retries"]) if "retries" in written else None,
        **parse_list(document, at, written),
    )


def refuse_unknown_bodies(document: Document, destinations: Mapping[str, Destination], contract: Contract) -> None:
    """DocumentError where a webhook takes a body that `contract` does not define."""
    for name, destination in destinations.items():
        if destination.kind == WEBHOOK and contract.body_for(destination.body, name) is None:
            body = destination.body or name
            message = f"{contract.id} does not say what the body {body!r} is like{near_miss(body, contract.bodies)}"
            remedy = "name one of the contract's `bodies:`, in a contract of your own"
            raise document.at_value(("destinations", name, "body"), message, remedy)


def parse_journeys(
    document: Document, destinations: Mapping[str, Destination] | None, at: At = ("journeys",)
) -> dict[str, Journey]:
    """The journeys at `at`, by name; their steps may name only `destinations`, where these are known."""
    journeys = {name: _journey(document, (*at, name), name) for name in _mapping(document, at)}
    _refuse_shared_keys(document, journeys, at)
    if destinations is not None:
        for name, journey in journeys.items():
            _check_receivers(document, (*at, name), journey, destinations)
    return journeys


def _journey(document: Document, at: At, name: str) -> Journey:
    written = _value(document, at)
    steps = tuple(_step(document, (*at, "steps", index), item) for index, item in enumerate(written["steps"]))
    names = [step.name for step in steps]
    for index, step in enumerate(steps):
        if step.name in names[:index]:
            raise document.at_value(
                (*at, "steps", index), f"the journey has two steps {step.name!r}", "give each step a name of its own"
            )
    entry = written.get("entry")
    if "re_entry" in written and "exit" not in written:
        raise document.at_key((*at, "re_entry"), "nobody can enter again without an exit", "declare `exit:` too")
    return Journey(
        id=name,
        name=written["name"],
        steps=steps,
        entry=entry and Entry(event=entry.get("event"), where=entry.get("where", {}), traits=entry.get("traits", {})),
        exit_after=_after(document, (*at, "exit"), written),
        re_entry_after=_after(document, (*at, "re_entry"), written),
    )


def _step(document: Document, at: At, written: Mapping[str, Any]) -> Step:
    ((form, settings),) = written.items()
    key = settings.get("key")
    if key is not None and parse_key(key) is None:
        grammar = "a key is j_o_<journey>__<step>_<5 or 6 of a-z, 0-9>"
        raise document.at_value((*at, form, "key"), f"{key!r} is no step key", grammar)
    if form == "send_to_destinations":
        return SendStep(name=settings["name"], to=tuple(settings["to"]), key=key)
    after = settings.get("remove_after")
    expiry = None if after is None else duration(document, (*at, form, "remove_after"), after)
    return AdStep(name=settings["name"], to=tuple(settings["to"]), key=key, remove_after=expiry)


def _after(document: Document, at: At, written: Mapping[str, Any]) -> Duration | None:
    setting = written.get(str(at[-1]))
    return None if setting is None else duration(document, (*at, "after"), setting["after"])


def duration(document: Document, at: At, text: str) -> Duration:
    """The duration that stands at `at`."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise document.at_value(at, str(error)) from error


def _refuse_shared_keys(document: Document, journeys: Mapping[str, Journey], at: At) -> None:
    owners: dict[str, str] = {}
    for name, journey in journeys.items():
        for index, step in enumerate(journey.steps):
            owner = f"step {step.name!r} of {name}"
            if step.key is not None and owners.setdefault(step.key, owner) != owner:
                message = f"the key {step.key} is already that of {owners[step.key]}"
                raise document.at_value((*at, name, "steps", index), message, "give each step a key of its own")


def _check_receivers(document: Document, at: At, journey: Journey, destinations: Mapping[str, Destination]) -> None:
    for index, step in enumerate(journey.steps):
        (form,) = _value(document, (*at, "steps", index))
        for place, name in enumerate(step.to):
            here = (*at, "steps", index, form, "to", place)
            if name not in destinations:
                raise unknown(document, here, "destination", name, destinations)
            if destinations[name].kind in _STEPLESS:
                message = f"a step sends calls and members, and {name} takes {_STEPLESS[destinations[name].kind]}"
                raise document.at_value(here, message, "let a `client:` or `deliver:` send to it")


def parse_profiles(document: Document, make_crowd: MakeCrowd, at: At = ("profiles",)) -> dict[str, tuple[Profile, ...]]:
    """The profiles at `at`, by name: one person each, or a crowd."""
    groups = {name: _profiles(document, (*at, name), name, make_crowd) for name in _mapping(document, at)}
    owners: dict[str, str] = {}
    for name, group in groups.items():
        for identifier in (identifier for profile in group for identifier in _identifiers(profile)):
            if owners.setdefault(identifier, name) != name:
                message = f"{identifier!r} belongs to {owners[identifier]} too, so the two would be one profile"
                raise document.at_key((*at, name), message, "give each profile identifiers of its own")
    return groups


def _identifiers(profile: Profile) -> Iterator[str]:
    # Emails that differ only in case are one to a space; other identifiers are not.
    for identifier in (profile.user_id, profile.anonymous_id, *map(str.casefold, profile.emails)):
        if identifier:
            yield identifier


def _profiles(document: Document, at: At, name: str, make_crowd: MakeCrowd) -> tuple[Profile, ...]:
    written = _value(document, at)
    if "faker" in written:
        if len(written) > 1:
            raise document.at_key(at, "a crowd has no identifiers of its own", "leave all but `faker` out")
        faker = written["faker"]
        try:
            return tuple(make_crowd(name, faker["count"], faker.get("seed", 0), faker.get("locale")))
        except ValueError as error:
            raise document.at_value((*at, "faker"), str(error)) from error
    profile = Profile(
        name=name,
        user_id=str(written["userId"]) if "userId" in written else None,
        anonymous_id=written.get("anonymousId"),
        emails=_emails(document, (*at, "email"), written.get("email", ())),
        traits=written.get("traits", {}),
    )
    if profile.user_id is None and profile.anonymous_id is None:
        raise document.at_key(at, f"the profile {name!r} cannot be identified", "give it a userId or an anonymousId")
    return (profile,)


def _emails(document: Document, at: At, written: str | Sequence[str]) -> tuple[str, ...]:
    emails = (written,) if isinstance(written, str) else tuple(written)
    for index, email in enumerate(emails):
        if email.casefold() in map(str.casefold, emails[:index]):
            raise document.at_value((*at, index), f"the email {email!r} stands here twice", "leave one of them out")
    return emails


def unknown(document: Document, at: At, what: str, name: str, known: Mapping[str, Any]) -> DocumentError:
    """The error for a name that nothing has."""
    message = f"unknown {what} {name!r}{near_miss(name, list(known))}"
    return document.at_value(at, message, f"declare it under `{what}s:`")


def _value(document: Document, at: At) -> Any:
    value = document.data
    for part in at:
        value = value[part]
    return value


def _mapping(document: Document, at: At) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document.data.get(at[0]) or {}
    return found


class Setup(Struct, frozen=True, kw_only=True):
    """What a server's configuration sets up in a run."""

    contract: str | None
    destinations: Mapping[str, Destination]
    journeys: Mapping[str, Journey]
    profiles: Mapping[str, tuple[Profile, ...]]

    def declarations(self) -> Declarations:
        """What it declares; other journeys may send to the server too."""
        people = [profile for group in self.profiles.values() for profile in group]
        return Declarations(self.journeys.values(), people)


def parse_setup(document: Document, schema: Schema, make_crowd: MakeCrowd) -> Setup:
    """The set-up that a configuration writes; DocumentError or DocumentErrors for all that is wrong in it."""
    problems = validate(document, schema)
    if problems:
        raise DocumentErrors(problems)
    destinations = parse_destinations(document)
    return Setup(
        contract=document.data.get("contract"),
        destinations=destinations,
        journeys=parse_journeys(document, destinations),
        profiles=parse_profiles(document, make_crowd),
    )
