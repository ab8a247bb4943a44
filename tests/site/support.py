"""What the tests of this suite share."""

import difflib
import os
import subprocess
from pathlib import Path

from harness.paths import ROOT

UPDATE = os.environ.get("UPDATE_DOCS") == "1"


def run(*argv: str | Path, cwd: Path = ROOT, stdin: str = "", env: dict[str, str] | None = None) -> str:
    """Runs it; it must succeed. Its standard output."""
    done = attempt(*argv, cwd=cwd, stdin=stdin, env=env)
    assert done.returncode == 0, f"{' '.join(map(str, argv))} → {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def attempt(*argv: str | Path, cwd: Path = ROOT, stdin: str = "", env: dict[str, str] | None = None):
    """Runs it, whatever comes out."""
    command = [str(word) for word in argv]
    return subprocess.run(command, cwd=cwd, env=env, input=stdin, capture_output=True, text=True, timeout=240)


def hold(file: Path, made: str) -> None:
    """A committed file that is made from others must be what they make now; UPDATE_DOCS=1 writes it."""
    if UPDATE:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(made)
        return
    there = file.read_text() if file.exists() else ""
    if there != made:
        difference = "".join(difflib.unified_diff(there.splitlines(True), made.splitlines(True), "committed", "made now"))
        raise AssertionError(f"{file.relative_to(ROOT)} is not what is made now; UPDATE_DOCS=1 writes it:\n{difference}")
