"""WireMock and mountebank, set up to answer and to remember what the benchmark sends; each needs Node.js from npm.

    python -m benchmarks.peer_servers wiremock|mountebank

Each prints a ready line with its URL and the process that serves, and runs until it is ended.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PACKAGES = Path(__file__).resolve().parent / "node_modules"
PATIENCE = 60.0
"""Seconds until a peer must be ready."""


def lacking(name: str) -> str | None:
    """What this machine lacks to run the peer of that name; None: nothing."""
    needed = {"wiremock": ["java"], "mountebank": ["node"]}[name]
    for program in needed:
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if not (PACKAGES / name).is_dir():
        return "its package is not installed: npm install --prefix benchmarks"
    return None


def serve_wiremock() -> None:
    """WireMock with one stub and its request journal on, as it is by default."""
    port = free_port()
    jar = next((PACKAGES / "wiremock").glob("build/*.jar"))
    options = {"port": str(port), "bind-address": "127.0.0.1", "use-chunked-encoding": "never"}
    command = ["java", "-jar", str(jar), "--disable-banner", *(f"--{name}={value}" for name, value in options.items())]
    stub = {
        "request": {"method": "POST", "urlPath": "/destinations/events"},
        "response": {"status": 200, "body": "{}", "headers": {"Content-Type": "application/json"}},
    }
    _serve(command, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}/__admin/mappings", stub)


def serve_mountebank() -> None:
    """The server mountebank, with one imposter that records requests."""
    admin, port = free_port(), free_port()
    command = [
        "node",
        str(PACKAGES / "mountebank" / "bin" / "mb"),
        *("start", "--port", str(admin), "--host", "127.0.0.1", "--nologfile", "--loglevel", "error"),
        *("--pidfile", str(Path(tempfile.gettempdir()) / f"mountebank-{admin}.pid")),
    ]
    # It would close the connection after each answer.
    headers = {"Content-Type": "application/json", "Content-Length": "2", "Connection": "Keep-Alive"}
    imposter = {
        "protocol": "http",
        "port": port,
        "recordRequests": True,
        "stubs": [{"responses": [{"is": {"statusCode": 200, "body": "{}", "headers": headers}}]}],
    }
    _serve(command, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin}/imposters", imposter)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(command: list[str], url: str, admin: str, setup: dict[str, Any]) -> None:
    """Start `command`, post `setup` to `admin` as soon as it listens, say that it is ready, and wait for the end."""
    with _running(command) as process:
        _post(admin, setup, alive=lambda: process.poll() is None)
        print(json.dumps({"type": "ready", "url": url, "process": process.pid}), flush=True)
        process.wait()


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """`command` as a process that ends with this one."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    process = subprocess.Popen(command, stdout=sys.stderr)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _post(url: str, document: dict[str, Any], *, alive: Callable[[], bool]) -> None:
    body = json.dumps(document).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310
    deadline = time.monotonic() + PATIENCE
    while alive() and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310  # a server of ours
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise SystemExit(f"nothing answers at {url}")


PEERS = {"wiremock": serve_wiremock, "mountebank": serve_mountebank}

if __name__ == "__main__":
    PEERS[sys.argv[1]]()
