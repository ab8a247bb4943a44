"""Programs of Debian's that are unpacked for the tests, and not installed (`scripts/debian-tools`)."""

import functools
import subprocess
from pathlib import Path

import pytest

from .paths import ROOT


def debian_tool(packages: str, program: str) -> list[str]:
    """The command that runs `program` of a set of packages; skips the test where they can not be had."""
    root = debian_root(packages)
    libraries = ":".join(str(path) for path in root.glob("usr/lib/*-linux-gnu"))
    return ["env", f"LD_LIBRARY_PATH={libraries}", str(root / program)]


def debian_root(packages: str) -> Path:
    """Where they are unpacked."""
    root, problem = _unpacked(packages)
    if problem:
        pytest.skip(problem)
    return root


@functools.cache
def _unpacked(packages: str) -> tuple[Path, str]:
    done = subprocess.run([ROOT / "scripts" / "debian-tools", packages], capture_output=True, text=True)
    problem = (done.stderr.strip() or "no answer").splitlines()[-1] if done.returncode else ""
    return Path(done.stdout.strip()), problem
