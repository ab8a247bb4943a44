"""A computer in this computer: programs see all of its files, and Debian packages more, and what they change is gone with it.

The files are an overlay over `/`, in mount, host name and process namespaces of their own. There are no disks in its /dev, and
nobody answers in its /run. The network is the one that the test is in.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .process import Child

# $1: an empty directory, $2: what lies over /, $3: the kernel's command line.
_SET_UP = """
set -e
# While /proc is still that of the caller: who we are there.
read -r pid rest </proc/self/stat
mount -t tmpfs -o mode=0755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
# On a tmpfs, because what / is on may itself be an overlay, which can not be written to for another one; and layers may not
# have each other in them.
cp -a "$2" "$1/packages"
mount -t overlay -o "lowerdir=$1/packages:/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
cd "$1/root"
mount -t proc proc proc
printf '%s\\n' "$3" >"$1/cmdline"
mount --bind "$1/cmdline" proc/cmdline
mount -t sysfs -o ro sysfs sys
for directory in dev run tmp; do mount -t tmpfs -o mode=0755 tmpfs $directory; done
chmod 1777 tmp
for device in null zero full random urandom tty; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
done
ln -s /proc/self/fd dev/fd
touch dev/console
echo "READY $pid"
exec sleep infinity
"""


class OwnRoot:
    """It, while it is there."""

    def __init__(self, directory: Path, packages: Path, cmdline: str):
        directory.mkdir()
        self._directory = directory
        # cloud-init takes this for a container, where a command line is that of the first process; this it believes.
        self._env = {"DEBUG_PROC_CMDLINE": cmdline}
        namespaces = ["--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        argv = ["unshare", *namespaces, "sh", "-c", _SET_UP, "sh", str(directory), str(packages), cmdline]
        self._child = Child(argv, directory.with_suffix(".log"))
        self._child.wait_until(lambda: "READY" in self._child.output, 60)
        self._pid = (re.search(r"READY (\d+)", self._child.output) or [None, None])[1]

    @property
    def problem(self) -> str | None:
        """Why there can not be one here."""
        return None if self._pid else self._child.output.strip()

    @property
    def files(self) -> Path:
        """Its /."""
        return Path(f"/proc/{self._pid}/root{self._directory}/root")

    @property
    def changed(self) -> set[str]:
        """The files that are not as they are in this computer."""
        upper = self.files.parent / "upper"
        return {str(path.relative_to(upper)) for path in upper.rglob("*") if path.suffix != ".pyc" and not path.is_dir()}

    def run(self, *argv: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        """Runs a command in it, whatever comes out."""
        enter = ["nsenter", f"--target={self._pid}", "--mount", "--uts", "--ipc", "--pid"]
        env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **self._env}
        command = [*enter, "chroot", str(self._directory / "root"), *argv]
        return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)

    def __call__(self, *argv: str) -> str:
        """Runs a command, which must succeed. Its standard output."""
        done = self.run(*argv)
        assert done.returncode == 0, f"{' '.join(argv)} → {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def close(self) -> None:
        # As the first process of its namespace it hears no other signal; the namespace goes with it.
        self._child.kill()


@contextmanager
def own_root(directory: Path, packages: Path, cmdline: str) -> Iterator[OwnRoot]:
    """Skips the test where there can be none."""
    if os.geteuid() != 0:
        pytest.skip("a root directory of its own takes root")
    root = OwnRoot(directory, packages, cmdline)
    try:
        if root.problem is not None:
            pytest.skip(f"no root directory of its own here: {root.problem}")
        yield root
    finally:
        root.close()
