"""The layer rule: imports point inwards, and `core` and `engage` are pure."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

EVERYWHERE = frozenset({"adapters", "client", "core", "engage", "reports", "resources", "runner", "senders"})

MAY_IMPORT = {
    "__init__": frozenset[str](),
    "__main__": frozenset({"cli"}),
    "resources": frozenset[str](),
    "core": frozenset({"core"}),
    "engage": frozenset({"core", "engage"}),
    "adapters": frozenset({"adapters", "core", "resources"}),
    "senders": frozenset({"core", "engage", "senders"}),
    "reports": frozenset({"core", "reports"}),
    "client": frozenset({"client", "core"}),
    "runner": frozenset({"adapters", "core", "resources", "runner"}),
    "cli": EVERYWHERE | {"cli"},
    "pytest_plugin": EVERYWHERE | {"pytest_plugin"},
}
"""What of the package each unit (a module or folder directly in it) may import."""

PURE_LIBRARIES = {
    "core": frozenset({"jsonpath", "jsonschema", "jsonschema_rs", "msgspec", "orjson", "referencing", "xxhash"}),
    "engage": frozenset({"lark", "msgspec", "orjson"}),
}

PURE_STDLIB = frozenset(
    "__future__ abc base64 binascii bisect collections contextlib copy csv dataclasses datetime decimal difflib enum"
    " fractions functools graphlib hashlib heapq hmac html http.HTTPStatus io ipaddress itertools json keyword math"
    " operator re string struct textwrap types typing unicodedata urllib.parse uuid zlib".split()
)
"""No I/O, clock, chance, thread, socket or log: what `core` and `engage` may use of the standard library."""

IMPURE_NAMES = frozenset(
    "__import__ breakpoint eval exec input open print io.open datetime.date.today datetime.datetime.now"
    " datetime.datetime.today datetime.datetime.utcnow uuid.uuid1 uuid.uuid4".split()
)
"""What is impure though its module is pure."""


class Import(Struct, frozen=True, kw_only=True):
    """One import: the full name of what is imported, and which local name then means what."""

    line: int
    origin: str
    local: str
    means: str


def imports(tree: ast.AST, path: str) -> Iterator[Import]:
    """Every import in a file, at any depth, relative ones made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                local, means = (alias.asname, alias.name) if alias.asname else (top, top)
                yield Import(line=node.lineno, origin=alias.name, local=local, means=means)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                origin = ".".join([*module_of(node, path), alias.name])
                yield Import(line=node.lineno, origin=origin, local=alias.asname or alias.name, means=origin)


def module_of(node: ast.ImportFrom, path: str) -> list[str]:
    """The parts of the absolute name of the module that `node` imports from."""
    above = Path(path).parts[: -node.level] if node.level else ()
    return [*above, *filter(None, [node.module])]


def unit_of(path: str) -> str:
    """The unit of a file `harness/…`."""
    return Path(path).parts[1].removesuffix(".py")


def breach_of_import(found: Import, unit: str) -> str | None:
    """What is wrong with an import in `unit`, or None."""
    parts = found.origin.split(".")
    if parts[0] == "harness":
        target = parts[1] if len(parts) > 1 else ""
        if target in MAY_IMPORT.keys() - MAY_IMPORT[unit]:
            return f"{unit} may not import harness.{target}; it may: {sorted(MAY_IMPORT[unit])}"
    elif unit in PURE_LIBRARIES:
        names = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
        if names.isdisjoint(PURE_STDLIB | PURE_LIBRARIES[unit]):
            return f"{unit} is pure and may not import {found.origin}; if that is pure, add it to this test's lists"
    return None


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` as it is written, or None for any other expression."""
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return base and f"{base}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else None


def impure_uses(tree: ast.AST, found: list[Import]) -> Iterator[tuple[int, str]]:
    """Line and full name of every impure thing that is called, or only mentioned, under whatever name."""
    means = {each.local: each.means for each in found}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and (written := dotted(node)):
            base, dot, rest = written.partition(".")
            if (full := means.get(base, base) + dot + rest) in IMPURE_NAMES:
                yield node.lineno, full


def breaches(path: str, source: str) -> list[str]:
    """Every breach of the layer rule in the file `path`, which is relative to the checkout."""
    unit = unit_of(path)
    if unit not in MAY_IMPORT:
        return [f"{path}:1: {unit} has no layer; say in this test what it may import"]
    tree = ast.parse(source)
    found = list(imports(tree, path))
    lines = [(each.line, breach) for each in found if (breach := breach_of_import(each, unit))]
    if unit in PURE_LIBRARIES:
        lines += [(line, f"{unit} is pure and may not use {name}") for line, name in impure_uses(tree, found)]
    return [f"{path}:{line}: {breach}" for line, breach in sorted(lines)]


def test_every_import_points_inwards(checkout: Path) -> None:
    """No file of the package imports what its layer may not, and nothing in core and engage is impure."""
    files = sorted((checkout / "harness").rglob("*.py"))
    assert files
    found = [
        breach for file in files for breach in breaches(file.relative_to(checkout).as_posix(), file.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


FORBIDDEN = [
    ("harness/core/calls.py", "import asyncio", "import asyncio"),
    ("harness/core/calls.py", "import random", "import random"),
    ("harness/core/calls.py", "import os.path", "import os.path"),
    ("harness/core/calls.py", "import urllib.request as r", "import urllib.request"),
    ("harness/core/calls.py", "from urllib.request import urlopen", "import urllib.request.urlopen"),
    ("harness/core/calls.py", "import aiohttp", "import aiohttp"),
    ("harness/core/calls.py", "import lark", "import lark"),
    ("harness/core/calls.py", "def late():\n    import time", "import time"),
    ("harness/core/calls.py", "from harness.engage.space import Space", "import harness.engage"),
    ("harness/core/calls.py", "from harness import adapters", "import harness.adapters"),
    ("harness/core/calls.py", "from ..resources import resource", "import harness.resources"),
    ("harness/core/destinations/kinds.py", "from ...runner import play", "import harness.runner"),
    ("harness/core/calls.py", "open('x')", "use open"),
    ("harness/core/calls.py", "print('x')", "use print"),
    ("harness/core/calls.py", "from datetime import datetime\ndatetime.now()", "use datetime.datetime.now"),
    ("harness/core/calls.py", "from datetime import datetime as dt\ndt.now()", "use datetime.datetime.now"),
    ("harness/core/calls.py", "import datetime as d\nd.date.today()", "use datetime.date.today"),
    (
        "harness/core/calls.py",
        "from datetime import datetime\nf = field(default_factory=datetime.now)",
        "use datetime.datetime.now",
    ),
    ("harness/engage/space.py", "import uuid\nuuid.uuid4()", "use uuid.uuid4"),
    ("harness/engage/space.py", "from io import open as reader\nreader('x')", "use io.open"),
    ("harness/engage/space.py", "import aiohttp", "import aiohttp"),
    ("harness/engage/space.py", "from harness.senders.engage import send", "import harness.senders"),
    ("harness/adapters/server.py", "from harness.engage.space import Space", "import harness.engage"),
    ("harness/adapters/server.py", "import harness.runner", "import harness.runner"),
    ("harness/senders/engage.py", "from harness.adapters.clock import Clock", "import harness.adapters"),
    ("harness/reports/text.py", "from harness.client import Client", "import harness.client"),
    ("harness/client.py", "from harness.senders import http", "import harness.senders"),
    ("harness/runner.py", "from harness.senders import http", "import harness.senders"),
    ("harness/runner.py", "from harness.cli import main", "import harness.cli"),
    ("harness/cli.py", "import harness.pytest_plugin", "import harness.pytest_plugin"),
    ("harness/pytest_plugin.py", "from harness.cli import main", "import harness.cli"),
    ("harness/resources.py", "from harness.core import keys", "import harness.core"),
    ("harness/utils.py", "", "utils has no layer"),
]


@pytest.mark.parametrize(("path", "source", "expected"), FORBIDDEN, ids=[f"{p}: {s}" for p, s, _ in FORBIDDEN])
def test_the_layer_rule_flags(path: str, source: str, expected: str) -> None:
    """Each forbidden import or use is found once, in its place, and named."""
    (breach,) = breaches(path, source)
    assert breach.startswith(f"{path}:{source.count(chr(10)) + 1}: ")
    assert expected in breach


ALLOWED = [
    ("harness/core/calls.py", "from collections.abc import Mapping\nfrom urllib.parse import quote\nimport orjson"),
    ("harness/core/calls.py", "from harness.core import keys\nfrom . import instants\nfrom harness import __version__"),
    ("harness/core/calls.py", "def late(clock, file):\n    file.open()\n    return clock.now()"),
    ("harness/core/calls.py", "from datetime import UTC, datetime\ndatetime.fromtimestamp(0, UTC)"),
    ("harness/engage/space.py", "import lark\nfrom harness.core.keys import slug"),
    ("harness/senders/engage.py", "import asyncio\nfrom harness.engage.space import Space"),
    ("harness/__main__.py", "from harness.cli import main"),
]


@pytest.mark.parametrize(("path", "source"), ALLOWED, ids=[f"{p}: {s}" for p, s in ALLOWED])
def test_the_layer_rule_lets_pass(path: str, source: str) -> None:
    """What points inwards and is pure is no breach."""
    assert breaches(path, source) == []


def test_importing_the_plugin_is_cheap(checkout: Path) -> None:
    """A pytest run that uses nothing of the plugin loads neither the server's nor the schemas' libraries."""
    heavy = ("aiohttp", "faker", "jsonschema", "jsonschema_rs", "referencing", "rich", "yaml")
    program = f"import sys, harness.pytest_plugin; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
