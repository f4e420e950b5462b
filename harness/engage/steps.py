"""A published step, and what happens to people in it."""

from __future__ import annotations

from msgspec import Struct

from harness.core.instants import Instant
from harness.core.journeys import Journey, Step
from harness.engage.identities import Recipient


class PublishedStep(Struct, frozen=True, kw_only=True):
    """A step of a published journey."""

    journey: Journey
    step: Step
    key: str
    """The key under which its destinations know its users."""
    computation_id: str
    """The id of the audience that the step is under the hood."""


class Move(Struct, frozen=True, kw_only=True):
    """Somebody's entering of a step, or their leaving it."""

    step: PublishedStep
    stay: str
    """Who, and for which time they are in the journey; part of what message ids are made of."""
    recipients: tuple[Recipient, ...]
    entered: bool
    at: Instant
