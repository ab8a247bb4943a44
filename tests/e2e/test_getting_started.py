"""docs/getting-started.md, done as it stands there: every command, and all that it says a machine shows."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from harness import boot_assets, readme
from harness.paths import ROOT
from harness.process import Child
from harness.qemu import BOOT_TIMEOUT, QEMU, console_text, require
from harness.server import clean_environment, free_port
from test_readme import SERVE_TIMEOUT, ready

PAGE = ROOT / "docs" / "getting-started.md"


class Reader:
    """Who does what the page says, on other ports and in a directory of his own."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.http, self.grpc = free_port(), free_port()
        self.environment = clean_environment() | {
            "HTTP_PORT": str(self.http),
            "GRPC_PORT": str(self.grpc),
            "KERNEL": str(boot_assets.kernel()),
            "PXE_INIT__DATABASE__URL": f"sqlite://{directory}/pxe-init.db?mode=rwc",
            "PXE_INIT__HTTP__DRAIN_SECONDS": "0",
            # Each block has a shell of its own, and the page says it once.
            "PATH": f"{ROOT}/target/debug{os.pathsep}{os.environ['PATH']}",
            "PXE_INIT_ENDPOINT": f"grpc://127.0.0.1:{self.grpc}",
        }
        self.server: Child | None = None
        self.machine: Child | None = None
        self.printed = ""
        self.shown = 0

    def do(self, block: readme.Block) -> None:
        where = f"{PAGE.name} line {block.line}"
        match block.role:
            case "serve":
                self.server = self.start(block, "serve.log")
                deadline = time.monotonic() + SERVE_TIMEOUT
                while not ready(self.http):
                    assert self.server.running and time.monotonic() < deadline, f"{where}: {self.server.output}"
                    time.sleep(0.5)
            case "run" | "fails":
                done = subprocess.run(self.argv(block), cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300)
                self.printed = done.stdout + done.stderr
                assert (done.returncode == 0) == (block.role == "run"), f"{where} → {done.returncode}:\n{self.printed}"
            case "prints":
                follow(block.pieces, self.printed, where)
            case "machine":
                self.power_off()
                self.machine = self.start(block, f"console-{block.line}.log", "exec ")
                self.shown = 0
            case "console":
                for piece in block.pieces:
                    self.wait_for(piece, where)

    def argv(self, block: readme.Block, prefix: str = "") -> list[str]:
        commands = block.commands.replace(":8080", f":{self.http}").replace("/tmp/", f"{self.directory}/")
        return ["bash", "-euo", "pipefail", "-c", prefix + commands]

    def start(self, block: readme.Block, log: str, prefix: str = "") -> Child:
        return Child(self.argv(block, prefix), self.directory / log, cwd=ROOT, env=self.environment)

    def wait_for(self, piece: str, where: str) -> None:
        def found() -> int:
            return console_text(self.machine.output).find(piece, self.shown)

        self.machine.wait_until(lambda: found() >= 0, BOOT_TIMEOUT)
        assert found() >= 0, f"{where}: the console does not show {piece!r} but\n{self.machine.output}"
        self.shown = found() + len(piece)

    def power_off(self) -> None:
        if self.machine:
            self.machine.terminate()

    def leave(self) -> None:
        self.power_off()
        if self.server:
            self.server.terminate()


def follow(pieces: list[str], text: str, where: str) -> None:
    """They are all in it, one after the other, whatever the width of columns."""
    text, position = " ".join(text.split()), 0
    for piece in pieces:
        piece = " ".join(piece.split())
        found = text.find(piece, position)
        assert found >= 0, f"{where}: {piece!r} is not printed, but\n{text}"
        position = found + len(piece)


@pytest.mark.timeout(SERVE_TIMEOUT + 6 * BOOT_TIMEOUT)
def test_all_of_it(tmp_path: Path):
    require("bios")
    for tool in ("make", "cargo", "busybox"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    blocks = readme.blocks(PAGE.read_text())
    assert {block.role for block in blocks} == {"serve", "run", "fails", "prints", "machine", "console"}
    reader = Reader(tmp_path)
    try:
        for block in blocks:
            reader.do(block)
    finally:
        reader.leave()


def test_what_is_not_run_is_what_sets_up_the_computer():
    """Every other command has a mark, so that nobody adds one that no test runs."""
    text = PAGE.read_text()
    fences = [match.start() for match in re.finditer(r"^```sh$", text, re.MULTILINE)]
    unmarked = [text[at:].split("```")[1] for at in fences if not text[:at].rstrip().endswith("-->")]
    assert len(unmarked) == 2
    assert "apt-get install" in unmarked[0] and "rustup" in unmarked[1]
    for package in ("qemu-system-x86", "ipxe-qemu", "busybox-static", "build-essential"):
        assert package in unmarked[0]
    assert QEMU in text
