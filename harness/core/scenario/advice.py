"""What is allowed in a scenario or configuration but seldom meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from harness.core.documents import At, Document, DocumentError
from harness.core.keys import StepKey, journey_slug, step_slug

_UNSPEAKING = re.compile(
    r"(?:send to destinations?|show an ad|new step|untitled(?: step)?|step)(?:\s*[#(]?\d+\)?)?", re.IGNORECASE
)


def unspeaking_names(document: Document) -> Iterator[DocumentError]:
    """A warning for each step that keeps the name which the journey builder gave it, though its key is made of that."""
    journeys = document.data.get("journeys") if isinstance(document.data, dict) else None
    for name, journey in (journeys or {}).items():
        for index, step in enumerate(journey["steps"]):
            for form, settings in step.items():
                if "key" not in settings and is_unspeaking(settings["name"]):
                    yield _warning(
                        document, ("journeys", name, "steps", index, form, "name"), journey, settings["name"]
                    )


def is_unspeaking(step: str) -> bool:
    """Whether a step's name says nothing of who reaches it."""
    return _UNSPEAKING.fullmatch(step.strip()) is not None


def _warning(document: Document, at: At, journey: Mapping[str, str], step: str) -> DocumentError:
    key = StepKey(journey=journey_slug(journey["name"]), step=step_slug(step), suffix="?????")
    message = f"{step!r} does not say who reaches the step, and destinations see no other name than {key}"
    return document.at_value(at, message, "name the step for the users in it, such as 'New subscribed users'")
