"""Fixtures. Each test has a server, a database and machines of its own."""

import hashlib
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import boot_assets, postgres
from harness.cli import Cli
from harness.lan import Lan, lan
from harness.paths import CLIENT, SERVER
from harness.qemu import FIRMWARES, Hardware, Machine
from harness.server import Server
from harness.volume import volume

# How much of a log a failure shows.
TAIL_LINES = 80


def pytest_configure(config: pytest.Config) -> None:
    """Being stopped is like Ctrl-C: workers are stopped too, and fixtures clean up."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_sessionstart(session: pytest.Session) -> None:
    for binary in (SERVER, CLIENT):
        if not binary.exists():
            pytest.exit(f"{binary} is not there: run `cargo build` first, or `make test-e2e`", returncode=2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """A failed test shows the end of every log that it made."""
    report = yield
    directory = item.funcargs.get("tmp_path") if hasattr(item, "funcargs") else None
    if report.failed and directory:
        for log in sorted(directory.rglob("*.log")):
            tail = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
            report.sections.append((f"end of {log}", "\n".join(tail)))
    return report


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `vmlinuz` and `initrd.img`, whose /init prints the kernel's arguments."""
    directory = tmp_path_factory.mktemp("assets")
    boot_assets.make(directory)
    return directory


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers, not yet started, that end with the test."""
    servers: list[Server] = []

    def make(**options) -> Server:
        directory = tmp_path / f"server-{len(servers)}"
        directory.mkdir()
        servers.append(Server(directory, **options))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def server(make_server: Callable[..., Server]) -> Server:
    """A server on an empty SQLite database, without assets."""
    server = make_server()
    server.start()
    return server


@pytest.fixture
def boot_server(make_server: Callable[..., Server], assets: Path) -> Server:
    """The same, serving `assets`."""
    server = make_server(assets=assets)
    server.start()
    return server


@pytest.fixture
def cli(server: Server) -> Cli:
    """The client against `server`."""
    return Cli(server)


@pytest.fixture
def boot_cli(boot_server: Server) -> Cli:
    """The client against `boot_server`."""
    return Cli(boot_server)


@pytest.fixture(params=FIRMWARES)
def firmware(request: pytest.FixtureRequest) -> str:
    """The test runs once for each."""
    return request.param


@pytest.fixture
def hardware(request: pytest.FixtureRequest) -> Callable[..., Hardware]:
    """Makes hardware with an identity of its own, the same in each run."""
    count = 0

    def make(firmware: str = "bios", disk: Path | None = None) -> Hardware:
        nonlocal count
        count += 1
        digest = hashlib.sha256(f"{request.node.nodeid} {count}".encode()).digest()
        mac = "52:54:00:" + ":".join(f"{byte:02x}" for byte in digest[:3])
        return Hardware(mac, str(uuid.UUID(bytes=digest[:16], version=4)), f"SN{digest[:5].hex().upper()}", firmware, disk)

    return make


@pytest.fixture
def power_on(tmp_path: Path) -> Iterator[Callable[[Hardware, Server], Machine]]:
    """Powers machines on, which ask `server` what to boot; they end with the test."""
    machines: list[Machine] = []

    def power_on(hardware: Hardware, server: Server) -> Machine:
        # In QEMU's user network 10.0.2.2 is our loopback.
        bootfile = f"http://10.0.2.2:{server.http_port}/boot.ipxe"
        machines.append(Machine(hardware, bootfile, tmp_path / f"console-{len(machines)}.log"))
        return machines[-1]

    yield power_on
    for machine in machines:
        machine.stop()


@pytest.fixture
def local_disk(tmp_path: Path) -> Path:
    """A disk that says on the console that it was booted."""
    file = tmp_path / "disk.img"
    file.write_bytes(volume(boot_assets.LOCAL_DISK))
    return file


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Lan]:
    """A network of the test's own; servers that are made after it are in it."""
    with lan(tmp_path) as network:
        yield network


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    """The URL of a PostgreSQL cluster."""
    with postgres.cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database; the test runs once for each kind."""
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path}/pxe-init.db?mode=rwc"
        return
    with postgres.database(request.getfixturevalue("postgres_cluster")) as url:
        yield url
