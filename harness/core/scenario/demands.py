"""Reads what a destination demands of its senders: `auth` and `signature`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.core.authentication import ApiKey, Auth, Basic, Bearer, Signing
from harness.core.documents import At, Document
from harness.core.records import MASK

_SECRETS: Sequence[At] = (
    ("auth", "value"),
    ("auth", "bearer"),
    ("auth", "basic", "password"),
    ("signature", "secret"),
)
"""Where secrets are written."""


def check_demands(document: Document, at: At, written: Mapping[str, Any]) -> None:
    """Raise DocumentError where the destination that is written at `at` demands what nobody could show."""
    auth = written.get("auth", {})
    if len({"header", "bearer", "basic"} & auth.keys()) > 1:
        message = "a destination demands one kind of credentials"
        raise document.at_value((*at, "auth"), message, "leave all but one of `header`, `bearer` and `basic` out")
    for place in _SECRETS:
        if _value(written, place) == MASK:
            message = f"{MASK} stands for a secret that is not shown, and is none"
            raise document.at_value((*at, *place), message, "write the secret itself, or ${env.NAME} in a file")


def _value(written: Any, place: At) -> Any:
    for part in place:
        written = written.get(part) if isinstance(written, dict) else None
    return written


def auth_of(written: Mapping[str, Any] | None) -> Auth | None:
    """The credentials that `auth:` demands; its schema has accepted the form."""
    match written:
        case None:
            return None
        case {"bearer": token}:
            return Bearer(token=token)
        case {"basic": {"user": user, "password": password}}:
            return Basic(user=user, password=password)
        case _:
            return ApiKey(header=written["header"], value=written["value"])


def signing_of(written: Mapping[str, Any] | None) -> Signing | None:
    """How `signature:` says that requests are signed."""
    return None if written is None else Signing(secret=written["secret"], scope=written.get("scope", "first_item"))
