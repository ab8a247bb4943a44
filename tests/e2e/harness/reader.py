"""Somebody who types what a page says."""

import subprocess
import time
import urllib.request
from pathlib import Path

from . import readme
from .paths import ROOT
from .process import Child
from .server import clean_environment, free_port

# Whatever serves may have to be built first.
SERVE_TIMEOUT = 900.0


class Reader:
    """Does the marked blocks of a page in their order, on ports of his own, from the repository's directory."""

    def __init__(self, page: Path, directory: Path, environment: dict[str, str], replaced: dict[str, str]):
        self.page = page
        self.directory = directory
        self.http, self.grpc = free_port(), free_port()
        self.replaced = replaced | {":8080": f":{self.http}", ":5000": f":{self.grpc}"}
        self.environment = clean_environment() | {
            "HTTP_PORT": str(self.http),
            "GRPC_PORT": str(self.grpc),
            "PXE_INIT__HTTP__PORT": str(self.http),
            "PXE_INIT__GRPC__PORT": str(self.grpc),
            "PXE_INIT__HTTP__DRAIN_SECONDS": "0",
            "PXE_INIT__DATABASE__URL": f"sqlite://{directory}/pxe-init.db?mode=rwc",
            "PXE_INIT_ENDPOINT": f"grpc://127.0.0.1:{self.grpc}",
        }
        self.environment |= environment
        self.server: Child | None = None
        self.printed = ""

    def read(self) -> set[str]:
        """All of it. The roles that blocks had."""
        blocks = readme.blocks(self.page.read_text())
        try:
            for block in blocks:
                self.do(block, f"{self.page.name} line {block.line}")
        finally:
            self.leave()
        return {block.role for block in blocks}

    def do(self, block: readme.Block, where: str) -> None:
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
            case other:
                raise AssertionError(f"{where}: this reader does not know what to do with {other}")

    def argv(self, block: readme.Block, prefix: str = "") -> list[str]:
        commands = block.commands
        for text, by in self.replaced.items():
            commands = commands.replace(text, by)
        return ["bash", "-euo", "pipefail", "-c", prefix + commands]

    def start(self, block: readme.Block, log: str, prefix: str = "") -> Child:
        return Child(self.argv(block, prefix), self.directory / log, cwd=ROOT, env=self.environment)

    def leave(self) -> None:
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


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
