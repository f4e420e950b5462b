"""The fixture `engage_space`."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from harness.core.profiles import Profile
from harness.core.systems import SystemFailed
from harness.pytest_plugin.binding import BoundRun
from harness.pytest_plugin.mappings import profile_in
from harness.pytest_plugin.space_actions import Actions, Person, declared_journey

T = TypeVar("T")
__tracebackhide__ = True  # pytest shows the line of the test that asks for what cannot be
DEFAULT_WITHIN = 5.0
_ASKED_WRONGLY = (SystemFailed, ValueError)


class EngageSpace:
    """A simulated space whose destinations are those of the test.

    Each action waits until it is done; its twin with an `a` before its name is awaited, for tests that must go on
    meanwhile, such as those in whose event loop an endpoint under test runs. `SystemFailed` says what cannot be done.
    """

    def __init__(self, run: BoundRun) -> None:
        """Make an empty space that feeds on the sources of `run`."""
        self._run = run
        self._actions = Actions(run)

    def profile(
        self,
        user_id: str | None = None,
        *,
        name: str | None = None,
        email: str | Sequence[str] = (),
        anonymous_id: str | None = None,
        traits: Mapping[str, Any] | None = None,
    ) -> Profile:
        """A person, with one or several emails."""
        written = {
            "userId": user_id,
            "anonymousId": anonymous_id,
            "email": (email if isinstance(email, str) else [*email]) or None,
            "traits": traits,
        }
        known = {key: value for key, value in written.items() if value is not None}
        profile = profile_in(name or user_id or anonymous_id or "", known)
        self._run.server.do(lambda: self._run.declare(profiles=[profile]))
        return profile

    def publish(self, journey: str, **declared: Any) -> Mapping[str, str]:
        """Start a journey, written as in a scenario's `journeys:`; the key of each step by its name.

        `steps` may also map the name of each step to the destinations that it sends to; `name` defaults to the id.
        """
        return self._wait(self._actions.publish(declared_journey(journey, declared)))

    async def apublish(self, journey: str, **declared: Any) -> Mapping[str, str]:
        """`publish`, awaited."""
        return await self._await(self._actions.publish(declared_journey(journey, declared)))

    def enter(self, journey: str, step: str, *profiles: Person) -> None:
        """Let `profiles` enter the step now."""
        self._wait(self._actions.enter(journey, step, profiles))

    async def aenter(self, journey: str, step: str, *profiles: Person) -> None:
        """`enter`, awaited."""
        await self._await(self._actions.enter(journey, step, profiles))

    def leave(self, journey: str, step: str, *profiles: Person) -> None:
        """Let `profiles` leave the step now."""
        self._wait(self._actions.leave(journey, step, profiles))

    async def aleave(self, journey: str, step: str, *profiles: Person) -> None:
        """`leave`, awaited."""
        await self._await(self._actions.leave(journey, step, profiles))

    def track(self, profile: Person, event: str, properties: Mapping[str, Any] | None = None) -> None:
        """Let `profile` perform `event`, as a source would report it."""
        self._wait(self._actions.track(profile, event, properties))

    async def atrack(self, profile: Person, event: str, properties: Mapping[str, Any] | None = None) -> None:
        """`track`, awaited."""
        await self._await(self._actions.track(profile, event, properties))

    def identify(self, profile: Person, traits: Mapping[str, Any] | None = None) -> None:
        """Tell the space who `profile` is: the profile's own traits, and these."""
        self._wait(self._actions.identify(profile, traits))

    async def aidentify(self, profile: Person, traits: Mapping[str, Any] | None = None) -> None:
        """`identify`, awaited."""
        await self._await(self._actions.identify(profile, traits))

    def advance(self, duration: str) -> None:
        """Let time pass, such as `1h`, with everything sent that falls due in it."""
        self._wait(self._actions.advance(duration))

    async def aadvance(self, duration: str) -> None:
        """`advance`, awaited."""
        await self._await(self._actions.advance(duration))

    def settle(self, within: float = DEFAULT_WITHIN) -> None:
        """Send all that is queued, retries included, in at most `within` seconds of real time."""
        self._wait(self._actions.settle(within))

    async def asettle(self, within: float = DEFAULT_WITHIN) -> None:
        """`settle`, awaited."""
        await self._await(self._actions.settle(within))

    def stop(self) -> None:
        """Send nothing more."""
        self._wait(self._actions.stop())

    def _wait(self, action: Coroutine[Any, Any, T]) -> T:
        try:
            return self._run.server.call(lambda: action)
        except _ASKED_WRONGLY as error:
            raise error.with_traceback(None) from None  # the way through two threads tells nobody anything

    async def _await(self, action: Coroutine[Any, Any, T]) -> T:
        try:
            return await self._run.server.acall(lambda: action)
        except _ASKED_WRONGLY as error:
            raise error.with_traceback(None) from None
