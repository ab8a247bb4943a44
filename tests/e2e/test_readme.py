"""What the README tells people to type works as written."""

import os
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from harness import readme
from harness.paths import README, ROOT
from harness.process import Child
from harness.server import clean_environment, free_port

# `make run` may have to build first.
SERVE_TIMEOUT = 900.0

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
    http, grpc = free_port(), free_port()
    # The same commands on ports that nobody uses, and a database that is no one's.
    environment = clean_environment() | {
        "HTTP_PORT": str(http),
        "GRPC_PORT": str(grpc),
        "PXE_INIT__DATABASE__URL": f"sqlite://{tmp_path}/readme.db?mode=rwc",
        "PXE_INIT_ENDPOINT": f"grpc://127.0.0.1:{grpc}",
        "PATH": f"{ROOT}/target/debug{os.pathsep}{os.environ['PATH']}",
    }

    def here(block: readme.Block) -> list[str]:
        commands = block.commands.replace(":8080", f":{http}").replace(":5000", f":{grpc}")
        return ["bash", "-euo", "pipefail", "-c", commands]

    server = Child(here(serve[0]), tmp_path / "serve.log", cwd=ROOT, env=environment)
    try:
        deadline = time.monotonic() + SERVE_TIMEOUT
        while not ready(http):
            assert server.running, f"line {serve[0].line} ended: {server.output}"
            assert time.monotonic() < deadline, server.output
            time.sleep(0.5)
        for block in run:
            done = subprocess.run(here(block), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, f"README.md line {block.line}:\n{done.stdout}{done.stderr}"
            if "curl" in block.commands:
                assert "#!ipxe" in done.stdout, f"README.md line {block.line}:\n{done.stdout}{done.stderr}"
    finally:
        server.terminate()


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
