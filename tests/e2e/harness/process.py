"""Child processes whose output is kept as it comes, and which end with the test."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path


# Puts a command under the rule that it dies with us, even if we are killed and no fixture gets to stop it.
DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []


class Child:
    """A process; everything that it prints goes to `output`, live, and to a file."""

    def __init__(self, argv: list[str], log: Path, cwd: Path | None = None, env: dict[str, str] | None = None):
        self.log = log
        self._buffer = bytearray()
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            DIES_WITH_US + argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self.log.open("ab") as log:
            while chunk := self._process.stdout.read1(65536):
                log.write(chunk)
                log.flush()
                with self._changed:
                    self._buffer += chunk
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def output(self) -> str:
        """All that it printed until now."""
        return self._buffer.decode(errors="replace")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until(self, holds: Callable[[], bool], timeout: float) -> bool:
        """Waits until `holds()`, asked whenever there is new output. False when the time ran out or the process ended
        without it."""
        deadline = time.monotonic() + timeout
        while not holds():
            if not self._reader.is_alive():
                return holds()
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self._changed:
                self._changed.wait(min(left, 1.0))
        return True

    def terminate(self, grace: float = 20.0) -> None:
        """SIGTERM, and SIGKILL if that does not help."""
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(grace)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._finish()

    def kill(self) -> None:
        """SIGKILL."""
        if self.running:
            self._process.kill()
        self._finish()

    def wait(self, timeout: float) -> int:
        """The exit code."""
        code = self._process.wait(timeout)
        self._finish()
        return code

    def _finish(self) -> None:
        self._process.wait(20)
        self._reader.join(20)
