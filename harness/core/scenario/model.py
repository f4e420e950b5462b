"""A scenario as typed values: what it sets up, what it does, what it demands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct, field

from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.destinations.destination import Destination
from harness.core.documents import Mark
from harness.core.instants import SECOND, Duration
from harness.core.journeys import Journey
from harness.core.profiles import Profile

DEFAULT_WITHIN: Duration = 5 * SECOND


class Enter(Struct, frozen=True, kw_only=True):
    """Let profiles enter a step."""

    mark: Mark
    journey: str
    step: str
    profiles: tuple[Profile, ...]


class Leave(Struct, frozen=True, kw_only=True):
    """Let profiles leave a step."""

    mark: Mark
    journey: str
    step: str
    profiles: tuple[Profile, ...]


class Publish(Struct, frozen=True, kw_only=True):
    """Publish a journey's next version, which has the same steps."""

    mark: Mark
    journey: str


class Track(Struct, frozen=True, kw_only=True):
    """Let profiles perform an event."""

    mark: Mark
    profiles: tuple[Profile, ...]
    event: str
    properties: Mapping[str, Any]


class Identify(Struct, frozen=True, kw_only=True):
    """Tell the system who profiles are; their own traits and these."""

    mark: Mark
    profiles: tuple[Profile, ...]
    traits: Mapping[str, Any]


class Client(Struct, frozen=True, kw_only=True):
    """Let a real client library send to a source of the system."""

    mark: Mark
    file: str
    """The Python file, as written; beside the scenario."""
    function: str
    source: str
    """The write key."""
    within: Duration


class Advance(Struct, frozen=True, kw_only=True):
    """Let time pass."""

    mark: Mark
    duration: Duration


class Settle(Struct, frozen=True, kw_only=True):
    """Wait until all that was queued is answered or given up."""

    mark: Mark
    within: Duration
    """Of real time."""


class Deliver(Struct, frozen=True, kw_only=True):
    """Post exactly this, past the system under test."""

    mark: Mark
    to: str
    body: bytes
    headers: Mapping[str, str]


Action: TypeAlias = Enter | Leave | Publish | Track | Identify | Client | Advance | Settle | Deliver


class Amount(Struct, frozen=True, kw_only=True):
    """A number, or bounds for it."""

    at_least: int = 0
    at_most: int | None = None

    def admits(self, number: int) -> bool:
        """Whether `number` is right."""
        return self.at_least <= number and (self.at_most is None or number <= self.at_most)

    def __str__(self) -> str:
        if self.at_most is None:
            return f"at least {self.at_least}"
        if self.at_least == self.at_most:
            return str(self.at_least)
        return f"{self.at_least} to {self.at_most}" if self.at_least else f"at most {self.at_most}"


class Match(Struct, frozen=True, kw_only=True):
    """Which payloads an expectation speaks of; a field left out admits all."""

    to: tuple[str, ...]
    """Destination names."""
    steps: tuple[tuple[str, str], ...] | None = None
    """Declared steps, each a journey's id and a step's name."""
    key: str | None = None
    profiles: tuple[Profile, ...] | None = None
    identifiers: frozenset[str] | None = None
    """All identifiers of the profiles."""
    type: str | None = None
    event: str | None = None
    action: str | None = None
    where: Mapping[str, Any] = field(default_factory=dict)


class Received(Struct, frozen=True, kw_only=True):
    """So many messages were accepted by each of the destinations."""

    mark: Mark
    match: Match
    count: Amount
    within: Duration | None = None
    """How long to wait for them, in real time."""


class Undelivered(Struct, frozen=True, kw_only=True):
    """So many messages were sent to each of the destinations and never accepted."""

    mark: Mark
    match: Match
    count: Amount


class Attempts(Struct, frozen=True, kw_only=True):
    """Each message was tried so often, and all of them together so often."""

    mark: Mark
    match: Match
    each: Amount | None
    total: Amount | None


class MembersAre(Struct, frozen=True, kw_only=True):
    """These profiles, with all their emails, are on a list of a destination."""

    mark: Mark
    of: str
    on: tuple[tuple[str, str], ...] | None
    """Declared steps whose lists are meant; None: all lists of the destination."""
    not_on: tuple[tuple[str, str], ...] = ()
    """Steps whose lists are taken off."""
    are: tuple[Profile, ...] | None = None
    include: tuple[Profile, ...] = ()
    exclude: tuple[Profile, ...] = ()
    count: Amount | None = None
    at: Duration | None = None
    """The time that is meant, after the destination was set up; None: the end."""
    in_effect: bool = False
    """Whether those are meant who are members in effect, and not all of whom the destination was told."""
    targetable: bool | None = None
    """Whether these lists have their minimum size."""
    history: tuple[tuple[Profile, tuple[str, ...]], ...] = ()
    """What happened to these profiles: `add` and `remove`, in order."""


class RowsAre(Struct, frozen=True, kw_only=True):
    """A query in a warehouse finds these rows, or so many."""

    mark: Mark
    of: str
    sql: str
    are: tuple[Mapping[str, Any] | tuple[Any, ...], ...] | None = None
    """Each by its columns, or its values in the order of the columns."""
    count: Amount | None = None


class NothingElse(Struct, frozen=True, kw_only=True):
    """Nothing arrived that no other expectation speaks of."""

    mark: Mark


class UnexpectedAllowed(Struct, frozen=True, kw_only=True):
    """Deliveries to destinations that do not exist do not fail the run."""

    mark: Mark


Expectation: TypeAlias = Received | Undelivered | Attempts | MembersAre | RowsAre | NothingElse | UnexpectedAllowed


class SystemChoice(Struct, frozen=True, kw_only=True):
    """Which system under test is driven."""

    name: str = "engage"
    fault: str | None = None
    seed: int = 0


class Scenario(Struct, frozen=True, kw_only=True):
    """One run of one scenario file: one row of its table, where it has one."""

    file: str
    mark: Mark
    name: str
    row: str | None
    """What tells the row apart; None where there is no table."""
    tags: tuple[str, ...]
    requires: tuple[str, ...]
    """Python packages without which it is skipped."""
    contract: Contract
    system: SystemChoice
    destinations: Mapping[str, Destination]
    journeys: Mapping[str, Journey]
    profiles: Mapping[str, tuple[Profile, ...]]
    """Each name stands for one person, or for a crowd."""
    actions: tuple[Action, ...]
    expectations: tuple[Expectation, ...]
    expect_violations: frozenset[str] | None
    violations_mark: Mark
    """Where `expect_violations` stands; where the scenario begins if there is none."""

    @property
    def title(self) -> str:
        """Its name, and its row."""
        return f"{self.name} [{self.row}]" if self.row else self.name

    @property
    def expects_nothing(self) -> bool:
        """Whether nothing but the contract's rules can fail it."""
        return not self.expect_violations and all(isinstance(each, UnexpectedAllowed) for each in self.expectations)

    @property
    def people(self) -> list[Profile]:
        """All profiles."""
        return [profile for group in self.profiles.values() for profile in group]

    def declarations(self) -> Declarations:
        """What it declares; complete, since nothing else sends in its run."""
        return Declarations(self.journeys.values(), self.people, complete=True)
