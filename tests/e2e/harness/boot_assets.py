"""A kernel, and an initramfs that says how it was started."""

import fcntl
import gzip
import os
import platform
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from .paths import BUILD

BOOTED = "PXE-INIT-BOOTED"
LOCAL_DISK = "PXE-INIT-LOCAL-DISK"

# The kernel is to be quiet from here on, or its messages get into the line.
INIT = f"""#!/bin/busybox sh
/bin/busybox mkdir -p /proc /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox dmesg -n 1
echo "PXE-INIT-CMDLINE $(/bin/busybox cat /proc/cmdline) {BOOTED}" >/dev/ttyS0
/bin/busybox poweroff -f
"""


def make(directory: Path) -> None:
    """Fills the directory that the server serves; skips the test where there is no kernel or busybox."""
    shutil.copy(kernel(), directory / "vmlinuz")
    (directory / "initrd.img").write_bytes(initramfs())


def kernel() -> Path:
    """A Linux kernel with a serial console: PXE_INIT_TEST_KERNEL, Debian's cloud kernel unpacked without installing it
    (kept for the next run), or the one that this computer runs."""
    if named := os.environ.get("PXE_INIT_TEST_KERNEL"):
        return Path(named)
    cache = BUILD / "kernel"
    with locked(cache):
        if not (cache / "vmlinuz").exists() and shutil.which("apt-get"):
            download(cache)
    candidates = [cache / "vmlinuz", Path(f"/boot/vmlinuz-{platform.release()}")]
    for candidate in candidates:
        if os.access(candidate, os.R_OK):
            return candidate
    pytest.skip("no kernel: apt-get could not download Debian's cloud kernel; name one in PXE_INIT_TEST_KERNEL")


def download(cache: Path) -> None:
    """Gets Debian's cloud kernel as a package and unpacks that. Leaves nothing where that is not possible."""
    depends = run("apt-cache", "depends", "linux-image-cloud-amd64")
    packages = [line.split()[-1] for line in depends.splitlines() if "Depends: linux-image-" in line]
    if not packages:
        return
    run("apt-get", "download", packages[0], cwd=cache)
    for package in cache.glob("linux-image-*.deb"):
        run("dpkg", "-x", str(package), str(cache / "root"))
        package.unlink()
    for image in (cache / "root" / "boot").glob("vmlinuz-*"):
        image.rename(cache / "vmlinuz")
    shutil.rmtree(cache / "root", ignore_errors=True)


def run(*argv: str, cwd: Path | None = None) -> str:
    """Standard output; a failure shows in what is missing afterwards."""
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True).stdout


@contextmanager
def locked(directory: Path):
    """One of several test processes at a time."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def initramfs() -> bytes:
    """Busybox and an /init."""
    busybox = next((path for path in map(Path, ("/bin/busybox", "/usr/bin/busybox")) if path.exists()), None)
    if busybox is None:
        pytest.skip("busybox (statically linked) is not installed")
    files = [("bin", 0o040755, b""), ("bin/busybox", 0o100755, busybox.read_bytes()), ("init", 0o100755, INIT.encode())]
    return gzip.compress(b"".join(cpio(*file) for file in files) + cpio("TRAILER!!!", 0, b""), compresslevel=6)


def cpio(name: str, mode: int, content: bytes) -> bytes:
    """One entry of a "newc" archive (Linux: Documentation/driver-api/early-userspace/buffer-format.rst)."""
    fields = [0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return pad(header) + pad(content)


def pad(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
