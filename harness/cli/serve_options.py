"""What `harness serve` is told about who may reach it, and how."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from harness.adapters.server_settings import ServerSettings
from harness.cli.exits import UsageFault
from harness.cli.log_lines import LogFormat
from harness.cli.serve_limits import read_limits
from harness.core.instants import Duration, parse_duration

_TOKEN_LETTERS = "".join(map(chr, range(0x21, 0x7F)))


class ServeOptions(Struct, frozen=True, kw_only=True):
    """The options of one server, as they were written."""

    host: str
    port: int
    config: Path | None
    ledger: str
    lifetime: str | None
    token: str | None
    tls_cert: Path | None
    tls_key: Path | None
    limits: tuple[str, ...]
    log: LogFormat | None
    as_json: bool


class Tls(Struct, frozen=True, kw_only=True):
    """The two sides of TLS: what a server shows, and what its own space trusts, which is that and nothing else."""

    shown: ssl.SSLContext
    trusted: ssl.SSLContext


def chosen(configured: ServerSettings, options: ServeOptions) -> ServerSettings:
    """The settings of the configuration, with what the options say in their place."""
    if options.token is not None:
        configured = replace(configured, token=options.token)
    configured = replace(configured, limits=read_limits(options.limits, configured.limits))
    if options.tls_cert is None and options.tls_key is None:
        return configured
    return replace(configured, tls_cert=options.tls_cert, tls_key=options.tls_key)


def read_duration(option: str, text: str) -> Duration:
    """The duration that an option writes, which is more than none."""
    try:
        duration = parse_duration(text)
    except ValueError as error:
        raise UsageFault(f"{option}: {error}") from None
    if duration == 0:
        raise UsageFault(f"{option}: {text!r} is no time to live; write a duration such as 1h")
    return duration


def read_token(token: str | None, host: str) -> str | None:
    """The token, where there is one; UsageFault where `host` can be reached from elsewhere and there is none."""
    if token is not None and (not token or token.strip(_TOKEN_LETTERS)):
        raise UsageFault("the token: write one of visible ASCII characters, such as `openssl rand -hex 32` prints")
    if token is None and not is_loopback(host):
        raise UsageFault(
            f"--host {host or repr('')} can be reached from other machines, and whoever reaches the control API can "
            "read and change all that is there; give a --token or set HARNESS_TOKEN, or listen at 127.0.0.1"
        )
    return token


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached from this machine only; of names, that is known of `localhost` alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def read_tls(cert: Path | None, key: Path | None) -> Tls | None:
    """The TLS that these PEM files make, None without; the key may stand in the file of the certificate."""
    if cert is None:
        if key is not None:
            raise UsageFault("--tls-key: there is no certificate for it; give --tls-cert too")
        return None
    try:
        return _tls(cert, key)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        which = f"{cert} and {key}" if key else str(cert)
        reason = error.strerror if isinstance(error, FileNotFoundError) else str(error)
        raise UsageFault(f"TLS: {which}: {reason}; give a certificate and its key as PEM, without a pass") from None


def _tls(cert: Path, key: Path | None) -> Tls:
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(cert, key, password=lambda: "")  # else OpenSSL would ask at the terminal
    trusted = ssl.create_default_context(cafile=str(cert))
    trusted.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    trusted.check_hostname = False  # the certificate itself is known; its name need not be that of the address
    return Tls(shown=shown, trusted=trusted)
