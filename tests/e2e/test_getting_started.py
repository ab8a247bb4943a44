"""docs/getting-started.md, done as it stands there: every command, and all that it says a machine shows."""

import os
import re
import shutil
from pathlib import Path

import pytest

from harness import boot_assets, readme
from harness.paths import ROOT
from harness.process import Child
from harness.qemu import BOOT_TIMEOUT, QEMU, console_text, require
from harness.reader import SERVE_TIMEOUT, Reader

PAGE = ROOT / "docs" / "getting-started.md"


class Newcomer(Reader):
    """One who also powers machines on, and looks at their consoles."""

    machine: Child | None = None
    shown = 0

    def do(self, block: readme.Block, where: str) -> None:
        match block.role:
            case "machine":
                self.power_off()
                self.machine = self.start(block, f"console-{block.line}.log", "exec ")
                self.shown = 0
            case "console":
                for piece in block.pieces:
                    self.wait_for(piece, where)
            case _:
                super().do(block, where)

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
        super().leave()


@pytest.mark.timeout(SERVE_TIMEOUT + 6 * BOOT_TIMEOUT)
def test_all_of_it(tmp_path: Path):
    require("bios")
    for tool in ("make", "cargo", "busybox"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    environment = {
        "KERNEL": str(boot_assets.kernel()),
        # Each block has a shell of its own, and the page says it once.
        "PATH": f"{ROOT}/target/debug{os.pathsep}{os.environ['PATH']}",
    }
    roles = Newcomer(PAGE, tmp_path, environment, {"/tmp/": f"{tmp_path}/"}).read()
    assert roles == {"serve", "run", "fails", "prints", "machine", "console"}


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
