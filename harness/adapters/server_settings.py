"""The section `server:` of a configuration: what holds for the whole server rather than for a run of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from harness.adapters.server.requests import Limits
from harness.adapters.server_limits import LIMITS
from harness.core.documents import Document


class ServerSettings(Struct, frozen=True, kw_only=True):
    """How a server is reached, and how much it takes."""

    token: str | None = None
    """What the control API demands; None: nothing."""
    tls_cert: Path | None = None
    """The PEM file of the certificate that it shows; None: it speaks plain HTTP."""
    tls_key: Path | None = None
    """That of the certificate's key, where it is another."""
    limits: Limits = field(default_factory=Limits)


def parse_server_settings(document: Document, folder: Path) -> ServerSettings:
    """What a document that its schema has accepted writes under `server:`; paths are taken from `folder`.

    Raises DocumentError where a limit is none.
    """
    written = document.data.get("server", {})
    tls = {name: folder / path for name, path in written.get("tls", {}).items()}
    return ServerSettings(
        token=written.get("token"),
        tls_cert=tls.get("cert"),
        tls_key=tls.get("key"),
        limits=_limits(document, written.get("limits", {})),
    )


def _limits(document: Document, written: Mapping[str, int | str]) -> Limits:
    """The limits, those that are not written as they are by default."""
    limits = Limits()
    for name, value in written.items():
        try:
            limits = replace(limits, **LIMITS[name](str(value)))
        except ValueError as error:
            raise document.at_value(("server", "limits", name), str(error)) from error
    return limits
