"""The package as its users get it: the wheel, the source distribution and the editable install.

Each is built by hatchling, without an isolated environment, and installed into an empty virtual environment that
borrows the libraries of the interpreter that runs the tests; nothing is fetched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import harness
from harness.resources import resource

SHIPPED = ("schemas", "scenarios")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What `command` did in the folder `cwd`, with nothing of this process on its import path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def build(target: str, source: Path, into: Path) -> Path:
    """The one file that hatchling makes of the folder `source`; `target` is `wheel`, `sdist` or `wheel:editable`."""
    done = run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into, cwd=source)
    assert done.returncode == 0, done.stderr
    (file,) = into.iterdir()
    return file


def install(wheel: Path, into: Path) -> Path:
    """The folder of commands of a new virtual environment `into` that holds the wheel and borrows its libraries."""
    venv.create(into, with_pip=False, symlinks=os.name == "posix")
    scripts, packages = (Path(sysconfig.get_path(name, "venv", {"base": str(into)})) for name in ("scripts", "purelib"))
    # A path file adds the folder alone and not what path files in it name, so an editable install there stays unseen.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    options = ("--quiet", "--no-deps", "--no-index", "--ignore-installed")
    done = run(sys.executable, "-m", "pip", "--python", into, "install", *options, wheel, cwd=into)
    assert done.returncode == 0, done.stderr
    return scripts


def names_in(wheel: Path) -> set[str]:
    """The files in the wheel, those of its metadata aside."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def shipped_from(python: Path, cwd: Path) -> Path:
    """The folder `scenarios` that the package of an installation finds."""
    program = "from harness.resources import resource; resource('schemas'); print(resource('scenarios'))"
    done = run(python, "-I", "-c", program, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    return build("wheel", checkout, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment with the wheel."""
    return install(wheel, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="session")
def editable(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment with an editable install of the checkout."""
    link = build("wheel:editable", checkout, tmp_path_factory.mktemp("link"))
    return install(link, tmp_path_factory.mktemp("editable"))


def test_the_wheel_has_one_package_at_its_top(wheel: Path) -> None:
    """The wheel puts the package and its metadata into an environment, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {PurePosixPath(name).parts[0] for name in archive.namelist()}
    assert tops == {"harness", f"journey_harness-{harness.__version__}.dist-info"}


@pytest.mark.parametrize("folder", SHIPPED)
def test_the_wheel_holds_every_shipped_file(checkout: Path, wheel: Path, folder: str) -> None:
    """What stands in the folder beside the package in a checkout stands inside the package in the wheel."""
    files = [file for file in (checkout / folder).rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    expected = {f"harness/{file.relative_to(checkout).as_posix()}" for file in files}
    assert expected
    assert expected == {name for name in names_in(wheel) if name.startswith(f"harness/{folder}/")}


def test_the_wheel_is_typed(wheel: Path) -> None:
    """Type checkers of users see that the package is annotated."""
    assert "harness/py.typed" in names_in(wheel)


def test_the_source_distribution_makes_the_same_wheel(checkout: Path, wheel: Path, tmp_path: Path) -> None:
    """What is built from the source distribution is what is built from the checkout, so nothing is missing there."""
    with tarfile.open(build("sdist", checkout, tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert names_in(build("wheel", source, tmp_path / "wheel")) == names_in(wheel)


def test_the_wheel_finds_its_scenarios_inside(installed: Path, tmp_path: Path) -> None:
    """An installed package finds what it ships inside itself, away from any checkout."""
    found = shipped_from(installed / "python", tmp_path)
    assert found.is_relative_to(installed.parent)
    assert found.parent.name == "harness"


def test_the_editable_install_finds_the_checkout(checkout: Path, editable: Path, tmp_path: Path) -> None:
    """An editable install uses the files of the checkout, never a copy that would go stale."""
    assert shipped_from(editable / "python", tmp_path) == checkout / "scenarios"
    assert not list(editable.parent.rglob("*.scenario.yaml"))


@pytest.mark.parametrize("layout", ["installed", "editable"])
@pytest.mark.parametrize("command", [["harness"], ["python", "-m", "harness"]], ids=" ".join)
def test_the_starter_scenarios_pass(
    layout: str, command: list[str], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """From an empty folder, either way to start the command plays the shipped scenarios, and all pass."""
    scripts: Path = request.getfixturevalue(layout)
    scenarios = shipped_from(scripts / "python", tmp_path)
    done = run(scripts / command[0], *command[1:], "run", scenarios, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_folder_is_found(checkout: Path, name: str) -> None:
    """In a checkout, what the package ships stands beside it."""
    assert resource(name) == checkout / name


def test_a_missing_file_is_named_with_the_nearest() -> None:
    """The error says which file is missing, where it was looked for, and what it may have been meant to be."""
    with pytest.raises(FileNotFoundError, match=r"no 'scenario': looked for .*scenario; did you mean 'scenarios'\?"):
        resource("scenario")


def test_a_file_like_no_other_has_a_remedy() -> None:
    """Where nothing there is like it, the error says how to get the file back."""
    with pytest.raises(FileNotFoundError, match=r"no 'schemas/0/0': .*; install journey-harness again"):
        resource("schemas/0/0")
