"""Certificates to test with."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make_certificate(folder: Path) -> Path:
    """`folder`, with a certificate for 127.0.0.1 that signs itself, in `cert.pem`, and its key in `key.pem`."""
    command = (
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=harness.test",
        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem",
    )  # fmt: skip
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder
