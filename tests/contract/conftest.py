"""Databases for the contract of the store: a SQLite file, and a PostgreSQL cluster of our own where it is installed."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from hss.store.engine import Store, open_store
from hss.store.tables import METADATA
from hss.store.unit_of_work import Writer

KEY = bytes(range(32))
NEEDED = ("initdb", "pg_ctl", "createdb")
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    on_path = [Path(found).parent] if found else []
    installed = [path for place in PLACES for path in sorted(Path("/").glob(place[1:]), reverse=True)]
    return next((path for path in on_path + installed if all((path / name).exists() for name in NEEDED)), None)


def _unprivileged() -> list[str]:
    """Give the beginning of a command that runs as somebody whom PostgreSQL accepts: never root."""
    if os.getuid():
        return []
    known = {entry.pw_name for entry in pwd.getpwall()}
    name = next((name for name in ("postgres", "nobody") if name in known), "")
    return ["setpriv", f"--reuid={name}", f"--regid={pwd.getpwnam(name).pw_gid}", "--clear-groups"] if name else []


BINARIES = _binaries()
BACKENDS = ["sqlite", "postgresql"] if BINARIES else ["sqlite"]
collect_ignore = [] if BINARIES else ["test_store_notifications.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if BINARIES is None:
        terminalreporter.write_line(
            "PostgreSQL is not installed: the store was tested on SQLite alone (Debian: apt install postgresql)"
        )


class Cluster:
    """A PostgreSQL cluster in a directory of its own, reached by a socket in it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._made = 0
        self._run("initdb", "-D", str(home / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={home} -c fsync=off -c max_connections=50"
        self._run("pg_ctl", "-D", str(home / "data"), "-l", str(home / "log"), "-w", "-o", options, "start")

    def _run(self, program: str, *arguments: str) -> None:
        assert BINARIES
        command = [*_unprivileged(), str(BINARIES / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._home)

    def new_database(self) -> str:
        """Create an empty database and give its URL."""
        self._made += 1
        name = f"homeward_{self._made}"
        self._run("createdb", "-h", str(self._home), "-U", "postgres", name)
        return f"postgresql://postgres@/{name}?host={self._home}"

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._home / "data"), "-m", "immediate", "-w", "stop")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="homeward-") as name:
        home = Path(name)
        if switched := _unprivileged():
            shutil.chown(
                home, user=int(switched[1].partition("=")[2]) if switched[1][8:].isdigit() else switched[1][8:]
            )
        made = Cluster(home)
        yield made
        made.stop()


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    return _address(request, tmp_path)


def _address(request: pytest.FixtureRequest, directory: Path) -> str:
    if request.param == "sqlite":
        return str(directory / "homeward.db")
    made: Cluster = request.getfixturevalue("cluster")
    return made.new_database()


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=BACKENDS)
async def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    """A store for all tests that leave nothing open: opening one costs more than most of them."""
    made = await open_store(
        _address(request, tmp_path_factory.mktemp("store")), random_octets=secrets.token_bytes, key=KEY
    )
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def store(opened: Store) -> Store:
    """A store without records and without listeners."""
    async with opened.database.write() as connection:
        for table in reversed(METADATA.sorted_tables):
            if table.name != "sealing":
                await connection.execute(table.delete())
    return Store(opened.database, Writer(opened.database, "test"), opened.sealer)
