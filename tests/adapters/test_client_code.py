"""A user's own client code: run as it is, with every failure told in words."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.adapters.client_code import ClientFailed, run_client

CODES = {
    "a function": """
def send(host, write_key):
    Path(host, "done").write_text(write_key)
""",
    "a coroutine function": """
async def send(host, write_key):
    Path(host, "done").write_text(write_key)
""",
    "a function that returns a coroutine": """
async def _send(host, write_key):
    Path(host, "done").write_text(write_key)

def send(host, write_key):
    return _send(host, write_key)
""",
    "an object": """
class Send:
    def __call__(self, host, write_key):
        Path(host, "done").write_text(write_key)

send = Send()
""",
    "a function with a dataclass": """
@dataclass
class Source:
    key: str

def send(host, write_key):
    Path(host, "done").write_text(Source(write_key).key)
""",
}
HEAD = "from __future__ import annotations; from dataclasses import dataclass; from pathlib import Path\n"


async def _run(folder: Path, code: str, seconds: float = 20) -> Path:
    file = folder / "code.py"
    file.write_text(HEAD + code)
    await run_client(file, "send", host=str(folder), write_key="shop", seconds=seconds)
    return folder / "done"


@pytest.mark.parametrize("sort", CODES)
async def test_code_of_every_sort_is_called_with_host_and_write_key(tmp_path: Path, sort: str) -> None:
    """What can be called is called, and waited for."""
    assert (await _run(tmp_path, CODES[sort])).read_text() == "shop"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def send(host, write_key):\n    raise ValueError('no')", r"code\.py:3: send failed: ValueError: no"),
        ("async def send(host, write_key):\n    raise ValueError('no')", r"code\.py:3: send failed: ValueError: no"),
        ("def send(host, write_key):\n    raise SystemExit(5)", r"code\.py:3: send failed: SystemExit: 5"),
        ("def send(host, write_key):\n    raise TimeoutError('a socket')", r"code\.py:3: send failed: TimeoutError"),
        ("def send(): ...", r"send failed: TypeError: send\(\) got an unexpected keyword argument"),
        ("send = 5", r"code\.py: it has no function 'send'; define `def send\(host, write_key\)`"),
        ("import no_such_module_anywhere", r"code\.py:2: it cannot be imported: ModuleNotFoundError"),
        ("def send(:", r"code\.py:2: it cannot be imported: SyntaxError"),
        ("raise SystemExit(5)", r"code\.py:2: it cannot be imported: SystemExit: 5"),
    ],
)
async def test_code_that_fails_is_told_with_its_line(tmp_path: Path, code: str, words: str) -> None:
    """File and line of the code, the function, and the exception."""
    with pytest.raises(ClientFailed, match=words):
        await _run(tmp_path, code)


async def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The path is named, and where it is taken from."""
    with pytest.raises(ClientFailed, match=r"none\.py: there is no such Python file; write its path from"):
        await run_client(tmp_path / "none.py", "send", host="", write_key="", seconds=1)


@pytest.mark.parametrize("code", ["import threading\ndef send(host, write_key):\n    threading.Event().wait()",
                                  "import asyncio\nasync def send(host, write_key):\n    await asyncio.Event().wait()"],
                         ids=["synchronous", "asynchronous"])  # fmt: skip
async def test_code_that_does_not_return_is_given_up(tmp_path: Path, code: str) -> None:
    """The time is told, and how to give more; a thread that hangs does not keep the process from ending."""
    with pytest.raises(ClientFailed, match=r"send did not return within 0\.05 s; give `within:` more"):
        await _run(tmp_path, code, seconds=0.05)


async def test_synchronous_code_does_not_block_the_server(tmp_path: Path) -> None:
    """While it waits, the loop goes on: it may wait for the very server that runs there."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while not (tmp_path / "go").exists():
            ticks += 1
            if ticks == 3:
                (tmp_path / "go").touch()
            await asyncio.sleep(0)

    code = (
        "import time\ndef send(host, write_key):\n    while not Path(host, 'go').exists():\n        time.sleep(0.001)"
    )
    await asyncio.gather(_run(tmp_path, code), tick())
    assert ticks == 3
