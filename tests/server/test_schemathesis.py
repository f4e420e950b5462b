"""Schemathesis, made from the API's description, against a server on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from harness.adapters.config_files import read_config
from harness.adapters.server.threaded import ThreadedServer
from harness.adapters.yaml_files import parse_document
from harness.cli.serve_command import WITHOUT_CONFIG

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
"""Those that hold of a server that is made to answer as it is told to, and takes whatever is delivered."""
SETTINGS = """
[parameters]
"query.wait" = ["10ms", "0s"]
"query.settled" = ["1ms", "0s"]
"""
"""It would wait for five minutes, since it may."""


@pytest.mark.long
@pytest.mark.skipif(find_spec("schemathesis") is None, reason="it comes with the extra `dev`")
def test_whatever_the_description_allows_or_forbids_is_answered_as_it_says(tmp_path: Path) -> None:
    """Over a thousand right and wrong requests: no 5xx, nothing undescribed.

    Left out are the stream, which is endless, and the import, whose lines it cannot make up.
    """
    (tmp_path / "schemathesis.toml").write_text(SETTINGS, "utf-8")
    server = ThreadedServer()
    server.start()
    try:
        setup, contract = read_config(parse_document(WITHOUT_CONFIG, "built-in"), tmp_path)
        server.call(lambda: server.server.set_up(server.server.open_run("default"), setup, contract))
        command = (
            sys.executable, "-c", "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())",
            "run", f"{server.url}/_harness/openapi.json", "--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing",
            "--exclude-path-regex", "stream$|import$", "--max-examples", "2", "--seed", "1", "--no-color",
        )  # fmt: skip
        environment = {**os.environ, "COLUMNS": "200"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=540, check=False
        )
    finally:
        server.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "generated" in done.stdout
