"""The real server, on ports of its own."""

import json
import os
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

from .paths import SERVER
from .process import Child

READY_TIMEOUT = 120.0


def free_port() -> int:
    """A loopback port that nobody uses now. Somebody may take it before we do: see `Server.start`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment() -> dict[str, str]:
    """Ours without what would configure the programs under test."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PXE_INIT_")}


class NoAnswer(Exception):
    """Nobody listens, or the answer broke off."""


class Server:
    """One server with its directory, database and ports; may be stopped and started again on all three."""

    def __init__(self, directory: Path, assets: Path | None = None, database_url: str | None = None):
        self.directory = directory
        self.assets = assets
        self.database_url = database_url or f"sqlite://{directory}/pxe-init.db?mode=rwc"
        self.log = directory / "server.log"
        self.http_port = 0
        self.grpc_port = 0
        self._child: Child | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def grpc_target(self) -> str:
        return f"127.0.0.1:{self.grpc_port}"

    def pick_ports(self) -> None:
        """Sets the ports without a server on them yet."""
        self.http_port, self.grpc_port = free_port(), free_port()

    def start(self, *flags: str) -> None:
        """Starts it, with more flags, and waits until it is ready. The first time it chooses ports, and others if those
        were taken meanwhile; after that it keeps them, because machines remember."""
        if self.http_port:
            return self._start_once(flags)
        for attempt in range(3):
            self.pick_ports()
            try:
                return self._start_once(flags)
            except AssertionError:
                if attempt == 2 or "in use" not in self.output.lower():
                    raise

    def _start_once(self, flags: tuple[str, ...]) -> None:
        options = {"--database-url": self.database_url}
        options |= {"--http-port": str(self.http_port), "--grpc-port": str(self.grpc_port)}
        if self.assets:
            options["--assets-dir"] = str(self.assets)
        argv = [str(SERVER), "serve"]
        argv += [word for name, value in options.items() if name not in flags for word in (name, value)]
        argv += flags
        # No load balancer has to notice that it stops.
        env = clean_environment() | {"PXE_INIT__HTTP__DRAIN_SECONDS": "0"}
        self._child = Child(argv, self.log, cwd=self.directory, env=env)
        deadline = time.monotonic() + READY_TIMEOUT
        while True:
            if not self._child.running:
                self._child.wait(5)
                raise AssertionError(f"the server ended with {self._child.returncode}:\n{self.output}")
            try:
                status, _, body = self.get("/ready", timeout=2)
                if status == 200:
                    return
                why = f"/ready says {status}: {body}"
            except NoAnswer as error:
                why = str(error)
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"the server is not ready after {READY_TIMEOUT:.0f} s: {why}\n{self.output}")
            time.sleep(0.1)

    @property
    def output(self) -> str:
        """What it logged since it was last started."""
        return self._child.output if self._child else ""

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    def stop(self) -> int:
        """A graceful stop. The exit code."""
        self._child.terminate()
        return self._child.returncode

    def kill(self) -> None:
        """kill -9."""
        self._child.kill()

    def close(self) -> None:
        """Leaves nothing running, whatever the test did."""
        if self.running:
            self.stop()

    def get(self, path: str, timeout: float = 10.0) -> tuple[int, dict[str, str], str]:
        """Status, headers (lower-case names) and body."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=timeout) as answer:
                return answer.status, _headers(answer), answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, _headers(answer), answer.read().decode()
        except OSError as error:
            raise NoAnswer(f"{path}: {error}") from error

    def ready(self) -> dict:
        """What /ready says."""
        return json.loads(self.get("/ready")[2])


def _headers(answer) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}
