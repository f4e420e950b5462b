"""Reads what a destination demands of its senders: `auth` and `signature`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.core.authentication import ApiKey, Auth, Basic, Bearer, Signing


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
