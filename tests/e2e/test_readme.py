"""What the README tells people to type works as written."""

import os
import shutil
from pathlib import Path

import pytest

from harness import readme
from harness.paths import README, ROOT
from harness.reader import SERVE_TIMEOUT, Reader

SAMPLE = """\
text
<!-- test: serve -->

```sh
make run
```
```sh
not marked
```
<!-- test: run -->
```console
$ one
what one prints
$ two
```
"""


def test_blocks_are_found():
    assert [(block.role, block.line, block.commands) for block in readme.blocks(SAMPLE)] == [
        ("serve", 4, "make run\n"),
        ("run", 11, "one\ntwo\n"),
    ]


@pytest.mark.parametrize("text", ["<!-- test: run -->\ntext\n", "<!-- test: run -->\n", "<!-- test: walk -->\n```\n```\n"])
def test_slips_in_marks_are_told(text):
    with pytest.raises(ValueError, match="line 1"):
        readme.blocks(text)


@pytest.mark.timeout(SERVE_TIMEOUT + 300)
def test_commands(tmp_path: Path):
    """Every marked block, in order, against the server that the README starts."""
    found = readme.blocks(README.read_text()) if README.exists() else []
    serve = [block for block in found if block.role == "serve"]
    run = [block for block in found if block.role == "run"]
    if not serve or not run:
        pytest.skip("README.md marks no blocks for testing (`<!-- test: serve -->` and `<!-- test: run -->`)")
    for tool in ("make", "cargo", "curl"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    # A database that is no one's, and the programs that the README builds.
    environment = {"PATH": f"{ROOT}/target/debug{os.pathsep}{os.environ['PATH']}"}
    Curious(README, tmp_path, environment, {}).read()


class Curious(Reader):
    """One who looks whether what is fetched is a script."""

    def do(self, block: readme.Block, where: str) -> None:
        super().do(block, where)
        if "curl" in block.commands:
            assert "#!ipxe" in self.printed, f"{where}:\n{self.printed}"
