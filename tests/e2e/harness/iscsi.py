"""An iSCSI target that asks for a password: Debian's tgt."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .debian import debian_tool
from .process import Child

TARGET = "iqn.2026-01.org.example:root"


class Target:
    """Serves one disk, to whoever knows the password of `user`, while it runs. It listens on every address of the network
    that this thread is in."""

    def __init__(self, directory: Path, disk: Path, user: str, password: str):
        # Where it is controlled, which is one place for all of a computer if not told; a path that must be short.
        self._control = tempfile.mkdtemp(prefix="tgt-")
        self._env = os.environ | {"TGT_IPC_SOCKET": f"{self._control}/tgt"}
        self._child = Child([*debian_tool("iscsi", "usr/sbin/tgtd"), "-f"], directory / "tgtd.log", env=self._env)
        self._wait_until_controlled()
        for words in (
            f"--mode target --op new --tid 1 --targetname {TARGET}",
            f"--mode logicalunit --op new --tid 1 --lun 1 --backing-store {disk}",
            f"--mode account --op new --user {user} --password {password}",
            f"--mode account --op bind --tid 1 --user {user}",
            "--mode target --op bind --tid 1 --initiator-address ALL",
        ):
            self.control(words)

    @property
    def output(self) -> str:
        return self._child.output

    def sessions(self) -> str:
        """Who is logged in."""
        shown = self.control("--mode target --op show")
        return shown.partition("I_T nexus information:")[2].partition("LUN information:")[0]

    def control(self, words: str) -> str:
        """What its control program says."""
        done = self._try(words)
        assert done.returncode == 0, f"tgtadm {words}: {done.stderr}\n{self.output}"
        return done.stdout

    def _try(self, words: str) -> subprocess.CompletedProcess[str]:
        argv = [*debian_tool("iscsi", "usr/sbin/tgtadm"), "--lld", "iscsi", *words.split()]
        return subprocess.run(argv, env=self._env, capture_output=True, text=True, timeout=60)

    def _wait_until_controlled(self) -> None:
        deadline = time.monotonic() + 30
        while (done := self._try("--mode system --op show")).returncode != 0:
            assert self._child.running and time.monotonic() < deadline, f"{done.stderr}\n{self.output}"
            time.sleep(0.1)

    def close(self) -> None:
        # It ignores SIGTERM while it has targets.
        self._child.kill()
        shutil.rmtree(self._control)
